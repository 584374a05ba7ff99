"""The pure part: events, authoring API, evaluation, decide and evolve, the engine, the ports."""
