"""What runs on the far side of the wall: standard library only, started by the helper process."""
