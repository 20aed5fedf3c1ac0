package redis_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"

	"thinker/shared/workshop/redis"
)

// TestRedis_Responses sends what go-redis sends on each new connection, since an error would
// be a red span in the first trace of a learner's own cache. It also sends a command that is
// too long.
func TestRedis_Responses(t *testing.T) {
	server, err := redis.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	connection, err := net.Dial("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	responses := bufio.NewReader(connection)
	for command, want := range map[string]string{
		"CLIENT SETINFO LIB-NAME go-redis":      "+OK\r\n",
		"client setinfo LIB-VER 9":              "+OK\r\n",
		"CLIENT MAINT_NOTIFICATIONS ON":         "+OK\r\n",
		"CLIENT NONSENSE":                       "-ERR unknown subcommand 'NONSENSE'. Try CLIENT HELP.\r\n",
		"SET a " + strings.Repeat("x", 1<<20-1): "+OK\r\n",
		"SET a " + strings.Repeat("x", 1<<20): "-ERR SET has 1048577 bytes of arguments; " +
			"the workshop's Redis accepts up to 1 MiB\r\n",
	} {
		words := strings.Fields(command)
		fmt.Fprintf(connection, "*%d\r\n", len(words)) // an error shows when reading
		for _, word := range words {
			fmt.Fprintf(connection, "$%d\r\n%s\r\n", len(word), word)
		}
		if got, err := responses.ReadString('\n'); err != nil || got != want {
			t.Errorf("%.40s returns %q, %v, want %q", command, got, err, want)
		}
	}
}
