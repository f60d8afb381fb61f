"""From a report or a row to what templates show."""
