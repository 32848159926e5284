"""Places to plan in: simulators, data generators, oracles, scores and trained planners."""
