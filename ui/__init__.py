"""The dashboard in Gradio: one file a panel, each a thin follower of the studio's jobs."""
