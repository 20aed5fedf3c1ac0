package page

// Index numbers keys in order of first appearance and calls met for each new one.
func Index[K comparable](met func(K)) func(K) int {
	places := map[K]int{}
	return func(key K) int {
		place, known := places[key]
		if !known {
			place = len(places)
			places[key] = place
			met(key)
		}
		return place
	}
}
