"""Planners that get better from outcomes: memory, reward, preferences, gate and calibration."""
