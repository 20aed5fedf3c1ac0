package lesson

import (
	"fmt"

	"thinker/shared/apm"
)

// automaticPropagation is lesson 3: the library's client and router carry the trace.
func automaticPropagation() []Expectation {
	war := []string{"/think/?subject=war"}
	return []Expectation{
		{
			ID: "client-span", Says: "The call between the services is a span too: a client span of thinker-api.", Asks: war,
			judge: byLast(anySubject, firstOf(answered, apiSpan, clientSpan)),
		},
		{
			ID: "thinker-below-client", Says: "The thinker's span hangs below that client span.", Asks: war,
			judge: byLast(anySubject, firstOf(thinkerSpan, thinkerBelowClient), answered, apiSpan, clientSpan),
		},
		{
			ID: "instrumented-routers", Says: "Each service is entered through an instrumented router, which says so: span.kind is server.", Asks: war,
			judge: byLast(anySubject, instrumentedRouters, entered),
		},
		{
			ID: "think-each", Says: "Each subject still has its think span, and an unknown one its error there alone.",
			Asks:  []string{"/think/?subject=technology&subject=foo_bar"},
			judge: byLast(someUnknown, firstOf(answered, thinkSpans, errorOnThink), apiSpan, thinkerSpan),
		},
	}
}

// clients are the api's spans for calls to another service.
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
		return s.finding(expected, fmt.Sprintf("The client span ended after %s, while the thinker was at work for %s.",
			apm.FormatDuration(clients[0].Duration), apm.FormatDuration(s.thinker.Duration)),
			"The span is finished before the answer has come. httptrace.WrapClient makes one that is around the call.",
			mark{clients[0], "ended too soon"})
	} else if len(clients) > 0 {
		return s.finding(expected, "There is a client span, but it began a trace of its own.",
			"The request is made without the context of the one that it is for: http.NewRequestWithContext must have r.Context().",
			mark{clients[0], "not below the api's span"})
	}
	between := s.first(func(span *apm.Span) bool {
		return span.Service == apiService && span != s.api && s.thinker != nil && s.below(s.thinker, span)
	})
	if between != nil {
		return s.finding(expected, fmt.Sprintf("%s is there, but does not say that it is a client's: it has neither the type http nor the tag span.kind:client.", sentence(named(between))),
			"The span is made by hand. httptrace.WrapClient makes one that says all that the library knows of the call.",
			mark{between, "not a client span"})
	}
	return s.finding(expected, "Nothing of thinker-api is to be seen between its span and the thinker's.",
		"The api's http.Client is not wrapped by httptrace.WrapClient, or another client makes the call.",
		mark{s.api, "no client span below it"})
}

// thinkerBelowClient finds why the thinker's span is not below the client's.
func thinkerBelowClient(s *story) *Finding {
	const expected = "The thinker's span is below the client span."
	for _, client := range s.clients() {
		if s.below(s.thinker, client) {
			return nil
		}
	}
	client := s.clients()[0]
	switch {
	case s.thinker.TraceID != s.api.TraceID && s.thinker.ParentID == 0:
		return s.finding(expected, "thinker-microservice began a trace of its own.",
			"The client sends the headers, and nobody reads them: the thinker's router is a plain one. muxtrace.NewRouter reads them.",
			mark{client, "names itself in the headers"}, mark{s.thinker, "no parent"})
	case s.below(s.thinker, s.api):
		return s.finding(expected, fmt.Sprintf("It is below %s, beside the client span.", named(s.parent(s.thinker))),
			"The headers name the api's span instead of the client's: they are still set by hand, where the client should set them.",
			mark{client, "nothing below it"}, mark{s.thinker, "not below the client span"})
	}
	return s.finding(expected, fmt.Sprintf("It names the parent %d in trace %d.", s.thinker.ParentID, s.thinker.TraceID),
		"The thinker's span is started from something else than the headers of the request.",
		mark{client, "nothing below it"}, mark{s.thinker, "not below the client span"})
}

// instrumentedRouters finds a service whose span is still made by hand.
func instrumentedRouters(s *story) *Finding {
	for _, entry := range []struct {
		span *apm.Span
		file string
	}{{s.api, "api/main.go"}, {s.thinker, "thinker/main.go"}} {
		if entry.span.Meta["span.kind"] == "server" && entry.span.Meta["component"] != "" {
			continue
		}
		return s.finding("The first span of each service is made by an instrumented router: it has the tags span.kind:server and component.",
			fmt.Sprintf("The first span of %s has not.", entry.span.Service),
			fmt.Sprintf("Its router in %s is not an instrumented one such as muxtrace.NewRouter, and the span is made by hand, in traced.", entry.file),
			mark{entry.span, "made by hand"})
	}
	return nil
}

// sentence begins one with what is named, which begins with "the".
func sentence(named string) string { return "T" + named[1:] }
