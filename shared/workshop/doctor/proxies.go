package doctor

import (
	"net/url"
	"slices"
	"strings"
)

// proxies looks for one that comes between the parts of the workshop. On this
// machine that is only curl's: Go's programs ask it without one, whatever is set,
// and curl reads http_proxy in small letters alone. Between containers, which have
// names, Go's programs use one as well.
func (e *examination) proxies() {
	const name = "proxies"
	found := false
	for _, place := range e.places() {
		if !place.contained {
			continue
		}
		if proxy, reached := between(place.env, []string{"HTTP_PROXY", "http_proxy"}, "thinker", "agent"); proxy != "" {
			e.broken(name, "Add thinker, agent and redis to noProxy in Docker’s config.json, and run docker-compose up again.",
				"%s has %s, and asks that proxy for %s.", place.name, proxy, reached)
			found = true
		}
	}
	if _, here := localPort(e.Client.API); !here {
		api, _ := url.Parse(e.Client.API)     // an address that was asked
		agent, _ := url.Parse(e.Client.Agent) // likewise
		if proxy, reached := between(e.Env, []string{"HTTP_PROXY", "http_proxy"}, api.Hostname(), agent.Hostname(), "thinker"); proxy != "" {
			e.broken(name, "Add its names to NO_PROXY, or to noProxy in Docker’s config.json where containers get it from there.",
				"%s is set here, where the services most likely have it too: they ask that proxy for %s. This command does not.", proxy, reached)
			found = true
		}
	} else if proxy, _ := between(e.Env, []string{"http_proxy", "all_proxy", "ALL_PROXY"}, "localhost"); proxy != "" {
		e.broken(name, "export no_proxy=localhost,127.0.0.1",
			"%s is set and no_proxy does not leave localhost out, so curl asks the proxy for %s. The services and this command do not: Go asks this machine directly.", proxy, e.Client.API)
		found = true
	}
	if !found {
		e.holds(name, "None comes between you, the services and the agent.")
	}
}

// between is the first of the variables that names a proxy, and the first of the
// hosts that it is asked for: one that no_proxy does not leave out.
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
