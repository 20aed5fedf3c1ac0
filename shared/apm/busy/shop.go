package busy

import (
	"strings"
	"time"
)

// An operation is what one span of a service does.
type operation struct {
	service, name, resource, kind string
	takes                         time.Duration // usually, apart from what it calls
	tags                          map[string]string
	calls                         []call
	reader                        string   // the operation that reads what this one puts into a queue
	failure                       *failure // what goes wrong now and then
}

// A call is one operation's of another.
type call struct {
	to       string
	times    int  // one after the other; 0 is 1
	together bool // it begins along with the call before it
}

// entries are the operations that requests from outside begin with.
var entries = [...]string{"home", "product", "search", "checkout", "product", "cart", "home", "login", "listing", "report"}

var languages = [...]string{"go", "java", "python", "jvm", "javascript"}

// newVersions are rolled out in the middle of the window.
var newVersions = map[string]struct {
	version string
	slower  int // times as slow as the one before
}{
	"pricing":         {"1.19.0", 4},
	"payments":        {"1.19.0", 1},
	"recommendations": {"2.0.0-rc.1", 2},
}

const ms = time.Millisecond

// operations are those of the shop, by names of their own. Its services
// are in them.
func operations() map[string]operation {
	return map[string]operation{
		"home":    {service: "storefront", name: "http.request", resource: "GET /", kind: "web", takes: 6 * ms, calls: []call{{to: "session"}, {to: "gateway home"}}},
		"product": {service: "storefront", name: "http.request", resource: "GET /product/{name}", kind: "web", takes: 8 * ms, calls: []call{{to: "session"}, {to: "gateway product"}, {to: "render"}}},
		"search":  {service: "storefront", name: "http.request", resource: "GET /search", kind: "web", takes: 5 * ms, calls: []call{{to: "gateway search"}, {to: "render"}}},
		"cart":    {service: "storefront", name: "http.request", resource: "POST /cart/{id}", kind: "web", takes: 4 * ms, calls: []call{{to: "session"}, {to: "cart change"}}},
		"listing": {service: "storefront", name: "http.request", resource: "GET /category/{name}", kind: "web", takes: 5 * ms, calls: []call{{to: "list products"}, {to: "render"}}},
		"login": {service: "users", name: "http.request", resource: "POST /login", kind: "web", takes: 3 * ms, calls: []call{{to: "user by mail"}, {to: "hash"}, {to: "session"}},
			failure: &failure{0.12, "the password is wrong", "users.ErrPassword", goStack("users.(*Server).login", "users/login.go:48")}},
		"checkout": {service: "storefront", name: "http.request", resource: "POST /checkout", kind: "web", takes: 7 * ms, calls: []call{{to: "session"}, {to: "gateway checkout"}}},
		"report":   {service: "nightly-report", name: "report.run", resource: "sales by region", kind: "custom", takes: 90 * ms, calls: []call{{to: "long query"}, {to: "order rows", times: 6}, {to: "mail sent"}}},

		"gateway home":     {service: "api-gateway", name: "http.request", resource: "GET /v2/home", kind: "web", takes: 3 * ms, calls: []call{{to: "recommend"}, {to: "list products", together: true}, {to: "prices", together: true}, {to: "cart read", together: true}}},
		"gateway product":  {service: "api-gateway", name: "http.request", resource: "GET /v2/product/{name}", kind: "web", takes: 3 * ms, calls: []call{{to: "product read"}, {to: "prices", together: true}, {to: "stock", together: true}, {to: "recommend", together: true}}},
		"gateway search":   {service: "api-gateway", name: "http.request", resource: "GET /v2/search", kind: "web", takes: 2 * ms, calls: []call{{to: "find"}, {to: "prices"}}},
		"gateway checkout": {service: "api-gateway", name: "http.request", resource: "POST /v2/checkout", kind: "web", takes: 3 * ms, calls: []call{{to: "place order"}}},

		"recommend": {service: "recommendations", name: "http.request", resource: "GET /for/{id}", kind: "web", takes: 14 * ms, calls: []call{{to: "model"}, {to: "user by id"}}},
		"model":     {service: "recommendations", name: "model.predict", resource: "ranker-v7", kind: "custom", takes: 22 * ms, tags: map[string]string{"model.version": "7.3"}},
		"find":      {service: "search", name: "http.request", resource: "GET /find", kind: "web", takes: 5 * ms, calls: []call{{to: "index"}, {to: "index", times: 2, together: true}, {to: "product cache", times: 5}}},
		"index":     {service: "search-index", name: "elasticsearch.query", resource: "GET products/_search", kind: "elasticsearch", takes: 18 * ms, tags: map[string]string{"span.kind": "client", "elasticsearch.params": `{"query":{"match":{"title":"?"}},"size":20}`}},

		"product read":  {service: "catalogue", name: "http.request", resource: "GET /product/{name}", kind: "web", takes: 3 * ms, calls: []call{{to: "product cache"}, {to: "product row"}}},
		"list products": {service: "catalogue", name: "http.request", resource: "GET /products", kind: "web", takes: 4 * ms, calls: []call{{to: "product ids"}, {to: "product row", times: 40}}},
		"product cache": {service: "catalogue-cache", name: "memcached.command", resource: "get product", kind: "cache", takes: ms / 2},
		"product ids":   {service: "catalogue-db", name: "postgres.query", resource: "SELECT id FROM product WHERE category = ? LIMIT ?", kind: "sql", takes: 4 * ms},
		"product row":   {service: "catalogue-db", name: "postgres.query", resource: "SELECT * FROM product WHERE id = ?", kind: "sql", takes: 1200 * time.Microsecond},

		"prices": {service: "pricing", name: "http.request", resource: "POST /prices", kind: "web", takes: 9 * ms, calls: []call{{to: "discount"}},
			failure: &failure{0.02, "context deadline exceeded", "context.deadlineExceededError", goStack("pricing.(*Rules).apply", "pricing/rules.go:211")}},
		"discount": {service: "pricing", name: "rules.apply", resource: "seasonal", kind: "", takes: 3 * ms},
		"stock": {service: "inventory", name: "http.request", resource: "GET /stock/{id}", kind: "web", takes: 4 * ms, calls: []call{{to: "stock row"}},
			failure: &failure{0.03, "connection to warehouse-3 was reset by peer", "ConnectionResetError", pythonStack}},
		"stock row": {service: "orders-db", name: "postgres.query", resource: "SELECT warehouse, amount FROM stock WHERE product = ? FOR UPDATE", kind: "sql", takes: 6 * ms},

		"session":      {service: "sessions", name: "redis.command", resource: "GET", kind: "redis", takes: ms / 3, tags: map[string]string{"redis.raw_command": "GET session:5577006791947779410", "component": "redis/go-redis.v9"}},
		"cart read":    {service: "cart", name: "http.request", resource: "GET /cart/{id}", kind: "web", takes: 2 * ms, calls: []call{{to: "cart get"}}},
		"cart change":  {service: "cart", name: "http.request", resource: "POST /cart/{id}", kind: "web", takes: 3 * ms, calls: []call{{to: "cart get"}, {to: "prices"}, {to: "stock", together: true}, {to: "cart set"}}},
		"cart get":     {service: "sessions", name: "redis.command", resource: "HGETALL", kind: "redis", takes: ms / 2, tags: map[string]string{"redis.raw_command": "HGETALL cart:4711"}},
		"cart set":     {service: "sessions", name: "redis.command", resource: "HSET EXPIRE", kind: "redis", takes: ms / 2, tags: map[string]string{"redis.raw_command": "HSET cart:4711 blue-lamp 2\nEXPIRE cart:4711 86400"}},
		"user by id":   {service: "users", name: "http.request", resource: "GET /user/{id}", kind: "web", takes: 2 * ms, calls: []call{{to: "user row"}}},
		"user row":     {service: "users-db", name: "mysql.query", resource: "SELECT id, mail, tier FROM users WHERE id = ?", kind: "sql", takes: 2 * ms},
		"user by mail": {service: "users-db", name: "mysql.query", resource: "SELECT id, hash FROM users WHERE mail = ?", kind: "sql", takes: 3 * ms},
		"hash":         {service: "users", name: "argon2.verify", resource: "argon2.verify", kind: "", takes: 45 * ms},
		"render":       {service: "storefront", name: "template.render", resource: "page.tmpl", kind: "template", takes: 5 * ms},

		"place order": {service: "checkout", name: "http.request", resource: "POST /order", kind: "web", takes: 6 * ms, calls: []call{{to: "cart read"}, {to: "prices"}, {to: "stock", together: true}, {to: "charge"}, {to: "order insert"}, {to: "order placed"}}},
		"charge": {service: "payments", name: "http.request", resource: "POST /charge", kind: "web", takes: 8 * ms, calls: []call{{to: "fraud"}, {to: "provider"}},
			failure: &failure{0.05, "the card was declined: insufficient_funds", "com.shop.payments.DeclinedException", javaStack}},
		"fraud": {service: "fraud-check", name: "http.request", resource: "POST /score", kind: "web", takes: 30 * ms, calls: []call{{to: "user by id"}}},
		"provider": {service: "payments", name: "http.request", resource: "POST /v1/charges", kind: "http", takes: 160 * ms, tags: map[string]string{"span.kind": "client", "http.url": "https://pay.example/v1/charges", "http.method": "POST", "peer.service": "pay.example"},
			failure: &failure{0.04, "read tcp 10.0.3.7:41722->192.0.2.80:443: i/o timeout", "*net.OpError", goStack("payments.(*Provider).charge", "payments/provider.go:97")}},
		"order insert": {service: "orders-db", name: "postgres.query", resource: "INSERT INTO orders (id, customer, total) VALUES (?, ?, ?)", kind: "sql", takes: 7 * ms},
		"order placed": {service: "orders-queue", name: "kafka.produce", resource: "orders.placed", kind: "queue", takes: 2 * ms, tags: map[string]string{"span.kind": "producer"}, reader: "ship"},
		"ship":         {service: "shipping", name: "kafka.consume", resource: "orders.placed", kind: "queue", takes: 12 * ms, tags: map[string]string{"span.kind": "consumer"}, calls: []call{{to: "order rows"}, {to: "mail sent"}}},
		"order rows":   {service: "orders-db", name: "postgres.query", resource: "SELECT * FROM orders JOIN order_line USING (order_id) WHERE id = ?", kind: "sql", takes: 9 * ms},
		"mail sent":    {service: "orders-queue", name: "kafka.produce", resource: "mails", kind: "queue", takes: 1 * ms, tags: map[string]string{"span.kind": "producer"}, reader: "mail"},
		"mail": {service: "mailer", name: "kafka.consume", resource: "mails", kind: "queue", takes: 60 * ms, tags: map[string]string{"span.kind": "consumer"},
			failure: &failure{0.1, "550 5.1.1 mailbox unavailable", "smtplib.SMTPRecipientsRefused", pythonStack}},
		"long query": {service: "orders-db", name: "postgres.query", resource: longQuery(), kind: "sql", takes: 900 * ms},
	}
}

// longQuery is a statement of some kilobytes.
func longQuery() string {
	columns := make([]string, 0, 60)
	for _, month := range []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"} {
		for _, figure := range []string{"orders", "revenue", "returns", "margin", "new_customers"} {
			columns = append(columns, "sum(CASE WHEN month = ? THEN "+figure+" ELSE ? END) AS "+figure+"_"+month)
		}
	}
	return "WITH sales AS ( SELECT region, month, count(*) AS orders, sum(total) AS revenue, sum(returned) AS returns, sum(margin) AS margin, count(DISTINCT customer) AS new_customers FROM orders WHERE placed BETWEEN ? AND ? GROUP BY region, month ) SELECT region, " +
		strings.Join(columns, ", ") + " FROM sales GROUP BY region ORDER BY region"
}

func goStack(function, place string) string {
	return "goroutine 417 [running]:\n" + function + "(0xc0001b2000, {0x1028f40, 0xc000396180})\n\t/src/" + place + " +0x1d8\nnet/http.HandlerFunc.ServeHTTP(0xc00011e0c0, {0x1028f40, 0xc000396180}, 0xc00038a000)\n\t/usr/local/go/src/net/http/server.go:2220 +0x29\nmain.main()\n\t/src/main.go:31 +0x2c5"
}

const pythonStack = "Traceback (most recent call last):\n  File \"/app/worker.py\", line 84, in handle\n    self.deliver(message)\n  File \"/app/worker.py\", line 131, in deliver\n    with self.connect() as connection:\n  File \"/usr/lib/python3.12/contextlib.py\", line 137, in __enter__\n    return next(self.gen)"

const javaStack = "com.shop.payments.DeclinedException: the card was declined: insufficient_funds\n\tat com.shop.payments.ChargeService.charge(ChargeService.java:112)\n\tat com.shop.payments.ChargeController.post(ChargeController.java:47)\n\tat java.base/java.lang.reflect.Method.invoke(Method.java:580)\nCaused by: com.shop.payments.provider.ProviderException: 402\n\t... 41 more"
