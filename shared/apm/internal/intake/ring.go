package intake

// A ring keeps the last of what is added to it.
type ring[T any] struct {
	most  int
	items []T
	next  int // where the oldest is, once there are most
}

func (r *ring[T]) add(item T) {
	if len(r.items) < r.most {
		r.items = append(r.items, item)
		return
	}
	r.items[r.next] = item
	r.next = (r.next + 1) % r.most
}

// newest is a copy of what is kept, the newest first.
func (r *ring[T]) newest() []T {
	kept := make([]T, 0, len(r.items))
	for i := range r.items {
		kept = append(kept, r.items[(r.next+len(r.items)-1-i)%len(r.items)])
	}
	return kept
}
