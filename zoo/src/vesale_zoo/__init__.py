"""Trained model packages; `vesale list models` finds them in the folder models beside this file."""
