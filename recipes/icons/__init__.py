"""A text-to-image model small enough to come along: it draws icons, trained on free emoji pictures alone."""
