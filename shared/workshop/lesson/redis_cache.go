package lesson

func redisCache() []Expectation {
	return []Expectation{
		{
			ID: "miss", Says: "The first time, think asks Redis in vain, then the database, and then has Redis remember it.",
			Asks:  []string{"/think/?subject=mankind"},
			judge: notYet,
		},
		{
			ID: "hit", Says: "The second time within 30 seconds, think asks Redis alone.",
			Asks:  []string{"/think/?subject=mankind", "/think/?subject=mankind"},
			judge: notYet,
		},
		{
			ID: "fast", Says: "The second time takes at most a tenth of the first.",
			Asks:  []string{"/think/?subject=mankind", "/think/?subject=mankind"},
			judge: notYet,
		},
		{
			ID: "errors-not-kept", Says: "Only thoughts are remembered: asked again for what failed, the database is asked again.",
			Asks:  []string{"/think/?subject=art", "/think/?subject=art"},
			judge: notYet,
		},
	}
}
