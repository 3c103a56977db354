"""Finished conversations, made in a line; what the tests of the store share."""

from store import Conversations, Database


def finish(
    database: Database, reply_id: str, content: str = "Fine.", job_id: str | None = None, state: str = "done"
) -> None:
    database.write(
        lambda db: Conversations.finish_reply(
            db,
            reply_id,
            state=state,
            content=content,
            reasoning="",
            model="echo-chat",
            job_id=job_id,
            figures={"tokens_out": 1},
            error_message=None,
        )
    )


def talk(database: Database, conversations: Conversations, turns: int, owner: str = "local") -> str:
    conversation = conversations.create(owner, "")
    for number in range(turns):
        _, _, reply = conversations.say(conversation.id, owner, f"question {number}", None)
        finish(database, reply, f"answer {number}")
    return conversation.id


def texts(conversations: Conversations, conversation_id: str) -> list[str]:
    return [message.content for message in conversations.messages(conversation_id, "local")]
