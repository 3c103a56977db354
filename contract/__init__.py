"""What every room may know: requests, events, errors, model specs, the engine's shape.

Engines and the store must not import the studio, and the studio's requests, events and
errors are what they speak; so those few frozen types live below all of them, and this room
imports nothing but the standard library.
"""
