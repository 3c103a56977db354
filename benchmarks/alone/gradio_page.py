"""Gradio without Hearth: the smallest page that can chat."""

import sys

import gradio as gr


def main(port: int) -> None:
    """Serve it."""
    with gr.Blocks(analytics_enabled=False) as page:
        said = gr.Chatbot(elem_id="said")
        ask = gr.Textbox(elem_id="ask", label="Message")
        ask.submit(lambda text, history: [*history, {"role": "user", "content": text}], [ask, said], said)
    page.launch(server_name="127.0.0.1", server_port=port, quiet=True, share=False, ssr_mode=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
