# In a codespace, the pages are at https://NAME-8126.app.github.dev. The agent
# serves them only under the names that AGENT_HOSTS allows.
if [ -n "${CODESPACE_NAME:-}" ]; then
	export AGENT_HOSTS="$CODESPACE_NAME-8126.${GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN:-app.github.dev}"
fi
