// Uses OpenAI's official Node client against two servers and prints what it got as one line of JSON.
// node client.mjs REAL_URL ECHO_URL, with the package "openai" in NODE_CLIENT's node_modules.
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.NODE_CLIENT, "index.js"));
const { OpenAI, toFile } = require("openai");
const [realUrl, echoUrl] = process.argv.slice(2);
const options = { apiKey: "none", maxRetries: 0, timeout: 100_000 };
const real = new OpenAI({ ...options, baseURL: `${realUrl}/v1` });
const echo = new OpenAI({ ...options, baseURL: `${echoUrl}/v1` });
const model = "smollm2-135m";
const messages = [{ role: "user", content: "Say hello." }];
const parameters = {
  type: "object",
  properties: { city: { type: "string", maxLength: 12 } },
  required: ["city"],
  additionalProperties: false,
};
const tools = [{ type: "function", function: { name: "get_weather", parameters } }];
const found = {};

const whole = await real.chat.completions.create({ model, messages, max_tokens: 8, temperature: 0 });
found.whole = { text: whole.choices[0].message.content, model: whole.model, usage: whole.usage.completion_tokens };

found.streamed = "";
const stream = await real.chat.completions.create({ model, messages, max_tokens: 8, temperature: 0, stream: true });
for await (const chunk of stream) found.streamed += chunk.choices[0]?.delta?.content ?? "";

const forced = { model, messages, tools, tool_choice: "required", max_tokens: 40, seed: 1 };
const call = (await real.chat.completions.create(forced)).choices[0].message.tool_calls[0];
found.call = { name: call.function.name, arguments: JSON.parse(call.function.arguments) };

const events = [];
for await (const event of await real.responses.create({ model, input: "Hi", max_output_tokens: 4, stream: true })) {
  events.push(event.type);
}
found.events = [events[0], events.at(-1)];

const vectors = await real.embeddings.create({ model: "text-embedding-3-small", input: ["a cat", "kot", "a contract"] });
const [cat, kot, contract] = vectors.data.map((row) => row.embedding);
const likeness = (a, b) => a.reduce((sum, value, index) => sum + value * b[index], 0);
found.embeddings = { dimensions: cat.length, closer: likeness(cat, kot) > likeness(cat, contract) };

found.models = (await real.models.list()).data.map((one) => one.id);
found.one = (await real.models.retrieve("gpt-4o")).id;

const input = "The quick brown fox jumps over the lazy dog.";
const speech = await real.audio.speech.create({ model: "tts-1", voice: "alloy", input, response_format: "wav" });
const sound = Buffer.from(await speech.arrayBuffer());
found.speech = sound.subarray(0, 4).toString();
const file = await toFile(sound, "fox.wav");
found.heard = (await real.audio.transcriptions.create({ model: "whisper-1", file })).text;

const image = await echo.images.generate({ prompt: "A boat", size: "64x64", response_format: "b64_json" });
found.image = Buffer.from(image.data[0].b64_json, "base64").subarray(1, 4).toString();

async function refused(promise) {
  try {
    await promise;
    return null;
  } catch (error) {
    return { name: error.constructor.name, status: error.status, code: error.code, param: error.param };
  }
}
found.unknown = await refused(echo.chat.completions.create({ model: "mystery", messages }));
found.refused = await refused(echo.chat.completions.create({ model: "echo-chat", messages, temperature: 9 }));
console.log(JSON.stringify(found));
