package doctor

import (
	"net/url"
	"slices"
	"strings"
)

// proxies looks for a proxy between the parts of the workshop. On this machine it
// concerns curl only: Go never uses a proxy for localhost, and curl reads http_proxy
// in lower case only. Between containers, which have names, Go uses a proxy too.
func (e *examination) proxies() {
	const name = "proxies"
	found := false
	for _, place := range e.places() {
		if !place.contained {
			continue
		}
		if proxy, reached := between(place.env, []string{"HTTP_PROXY", "http_proxy"}, "thinker", "agent"); proxy != "" {
			e.fail(name, "Add thinker, agent and redis to noProxy in Docker's config.json, then run docker-compose up again.",
				"%s has %s, so it sends requests for %s to the proxy.", place.name, proxy, reached)
			found = true
		}
	}
	if _, here := localPort(e.Client.API); !here {
		api, _ := url.Parse(e.Client.API)     // an address that was asked
		agent, _ := url.Parse(e.Client.Agent) // likewise
		if proxy, reached := between(e.Env, []string{"HTTP_PROXY", "http_proxy"}, api.Hostname(), agent.Hostname(), "thinker"); proxy != "" {
			e.fail(name, "Add these names to NO_PROXY, or to noProxy in Docker's config.json.",
				"%s is set here and most likely in the services, so they send requests for %s to the proxy. This command doesn't.", proxy, reached)
			found = true
		}
	} else if proxy, _ := between(e.Env, []string{"http_proxy", "all_proxy", "ALL_PROXY"}, "localhost"); proxy != "" {
		e.fail(name, "Run export no_proxy=localhost,127.0.0.1",
			"%s is set and no_proxy doesn't contain localhost, so curl sends requests for %s to the proxy. The services and this command don't.", proxy, e.Client.API)
		found = true
	}
	if !found {
		e.pass(name, "No proxy between you, the services and the agent.")
	}
}

// between returns the first of the variables that names a proxy, and the first of the
// hosts that no_proxy doesn't exclude.
func between(env, variables []string, hosts ...string) (variable, host string) {
	i := slices.IndexFunc(variables, func(name string) bool { return setting(env, name) != "" })
	if i < 0 {
		return "", ""
	}
	except := strings.Split(setting(env, "no_proxy")+","+setting(env, "NO_PROXY"), ",")
	for j, text := range except {
		except[j] = strings.TrimSpace(text)
	}
	for _, host := range hosts {
		if !slices.Contains(except, host) && !slices.Contains(except, "*") {
			return variables[i], host
		}
	}
	return "", ""
}
