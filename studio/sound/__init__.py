"""The audio library: recordings looked at, edited by lists of steps from their untouched originals, and written."""
