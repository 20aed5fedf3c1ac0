package lesson

import (
	"fmt"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
)

// automaticPropagation is lesson 3: the library's client and router carry the trace.
func automaticPropagation() judges {
	return judges{
		"client-span":          byLast(anySubject, firstOf(answered, apiSpan, clientSpan)),
		"thinker-below-client": byLast(anySubject, firstOf(thinkerSpan, thinkerBelowClient), answered, apiSpan, clientSpan),
		"instrumented-routers": byLast(anySubject, instrumentedRouters, entered),
		"think-each":           byLast(someUnknown, firstOf(answered, thinkSpans, errorOnThink), apiSpan, thinkerSpan),
	}
}

// clients returns the api's spans for calls to another service.
func (s *story) clients() []*apm.Span {
	return s.all(func(span *apm.Span) bool { return isClient(span) && span.Service == apiService && span != s.api })
}

// clientSpan finds what keeps the call from being a client span below the api's.
func clientSpan(s *story) *Finding {
	const expected = "Below the api's span there is a client span of thinker-api, which lasts as long as the call."
	clients := s.clients()
	for _, client := range clients {
		if s.below(client, s.api) && (s.thinker == nil || !outlived(client, s.thinker)) {
			return nil
		}
	}
	if len(clients) > 0 && s.below(clients[0], s.api) {
		return s.finding(expected, fmt.Sprintf("The client span took %s, and the microservice's span took %s.",
			format.Duration(clients[0].Duration), format.Duration(s.thinker.Duration)),
			"The client span is finished before the response arrives. httptrace.WrapClient makes one that covers the "+
				"whole call.",
			mark{clients[0], "too short"})
	} else if len(clients) > 0 {
		return s.finding(expected, "There is a client span, but it started a trace of its own.",
			"The api makes its request to the microservice without the context of the incoming request. "+
				"Pass r.Context() to http.NewRequestWithContext.",
			mark{clients[0], "not below the api's span"})
	}
	between := s.first(func(span *apm.Span) bool {
		return span.Service == apiService && span != s.api && !entersAPI(span) && s.thinker != nil && s.below(s.thinker, span)
	})
	if between != nil {
		return s.finding(expected, fmt.Sprintf("%s is there, but nothing says that it's a client span: "+
			"it has neither the type http nor the tag span.kind:client.", sentence(named(between))),
			"That span is made by hand. httptrace.WrapClient makes one with all the tags of an HTTP call.",
			mark{between, "not a client span"})
	}
	return s.finding(expected, "There is no client span below the api's span.",
		"The api's http.Client isn't wrapped with httptrace.WrapClient, or another client sends the request.",
		mark{s.api, "no client span below it"})
}

// thinkerBelowClient finds the reason that the microservice's span isn't below the
// client's.
func thinkerBelowClient(s *story) *Finding {
	const expected = "The microservice's span is below the client span."
	for _, client := range s.clients() {
		if s.below(s.thinker, client) {
			return nil
		}
	}
	client := s.clients()[0]
	switch {
	case s.thinker.TraceID != s.api.TraceID && s.thinker.ParentID == 0:
		return s.finding(expected, "The microservice started a trace of its own.",
			"The client sends the headers, but the microservice doesn't read them: its router is a plain one. "+
				"muxtrace.NewRouter reads them.",
			mark{client, "sends the headers"}, mark{s.thinker, "no parent"})
	case s.below(s.thinker, s.api):
		return s.finding(expected, fmt.Sprintf("It is below %s, next to the client span.", named(s.parent(s.thinker))),
			"The headers carry the ID of the api's span instead of the client span's. "+
				"Delete the code that sets them by hand, and wrap the client with httptrace.WrapClient: it sets them.",
			mark{client, "nothing below it"}, mark{s.thinker, "not below the client span"})
	}
	return s.finding(expected, fmt.Sprintf("It has the parent ID %d in trace %d.", s.thinker.ParentID, s.thinker.TraceID),
		"The microservice's span isn't started from the headers of the request.",
		mark{client, "nothing below it"}, mark{s.thinker, "not below the client span"})
}

// instrumentedRouters finds a service whose span is made by hand, alone or next to
// the router's.
func instrumentedRouters(s *story) *Finding {
	for _, entry := range []struct {
		span        *apm.Span
		file, trace string
	}{{s.api, "api/main.go", "api/trace.go"}, {s.thinker, "thinker/main.go", "thinker/trace.go"}} {
		servers := s.all(func(span *apm.Span) bool {
			return span.Type == "web" && span.Service == entry.span.Service && !isClient(span) &&
				(span == entry.span || s.below(span, entry.span))
		})
		byHand := entry.span
		if isRouters(entry.span) {
			if len(servers) < 2 {
				continue
			}
			byHand = servers[len(servers)-1]
		} else if len(servers) < 2 {
			return s.finding("In each service, an instrumented router makes the span of the request, with tags such as "+
				"http.useragent.",
				fmt.Sprintf("The span of %s has no such tag: it's made by hand.", entry.span.Service),
				fmt.Sprintf("The router in %s is a plain one. Create it with muxtrace.NewRouter, and give it the handler "+
					"without traced.", entry.file),
				mark{entry.span, "made by hand"})
		}
		return s.finding("Each service has one span for the request.",
			fmt.Sprintf("%s has %d.", entry.span.Service, len(servers)),
			fmt.Sprintf("The router makes a span, and so does the code around the handler. "+
				"In %s, give the router the handler itself, without traced, and delete %s.", entry.file, entry.trace),
			mark{byHand, "one too many"})
	}
	return nil
}

// isRouters reports whether an instrumented router made a span. Only the library
// records the user agent.
func isRouters(span *apm.Span) bool {
	return span.Meta["span.kind"] == "server" && span.Meta["http.useragent"] != ""
}
