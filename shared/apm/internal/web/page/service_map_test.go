package page_test

import (
	"reflect"
	"slices"
	"testing"

	"thinker/shared/apm/internal/web/page"
)

// TestNewServiceMap_Order draws the same services and calls in another order.
func TestNewServiceMap_Order(t *testing.T) {
	nodes := []page.MapNode{{Service: "a", Lines: []string{"4 req"}}, {Service: "b"}, {Service: "c"}, {Service: "alone"}}
	edges := []page.MapEdge{{From: "a", To: "b"}, {From: "a", To: "c"}, {From: "c", To: "c"}, {From: "b", To: "no node"}}
	want := page.NewServiceMap("", nodes, edges)
	slices.Reverse(nodes)
	slices.Reverse(edges)
	if got := page.NewServiceMap("", nodes, edges); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}
