package doctor

import (
	"strings"
)

// proxies looks for one that comes between curl and a service. Go's programs ask
// this machine without one, whatever is set, and curl reads http_proxy in small
// letters alone.
func (e *examination) proxies() {
	const name = "proxies"
	var between string
	for _, variable := range []string{"http_proxy", "all_proxy", "ALL_PROXY"} {
		if setting(e.Env, variable) != "" {
			between = variable
			break
		}
	}
	if between == "" {
		e.holds(name, "None comes between you and this machine’s ports.")
		return
	}
	for _, variable := range []string{"no_proxy", "NO_PROXY"} {
		for except := range strings.SplitSeq(setting(e.Env, variable), ",") {
			if except = strings.TrimSpace(except); except == "*" || strings.TrimPrefix(except, ".") == "localhost" {
				e.holds(name, "%s is set, and %s leaves localhost out.", between, variable)
				return
			}
		}
	}
	e.broken(name, "export no_proxy=localhost,127.0.0.1",
		"%s is set and no_proxy does not leave localhost out, so curl asks the proxy for http://localhost:5000. The services, this command and your browser’s own settings are not affected: Go asks this machine directly.", between)
}
