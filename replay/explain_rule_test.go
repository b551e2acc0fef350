package replay_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
	"example.com/cannery/replay/explain"
)

const (
	js   = "application/json"
	form = "application/x-www-form-urlencoded"
	part = "multipart/form-data; boundary=b"
)

// field is a part of multipart content.
func field(name, content string, header ...string) string {
	return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n" + strings.Join(header, "") + "\r\n" + content + "\r\n"
}

// ruleCases are a request that was recorded, one that is asked for, and the rules that
// make these equal: --ignore, or --echo with a "+".
var ruleCases = []struct {
	name            string
	request         string // as it was recorded; with " -> ", and as it is asked for
	recorded, asked string // content
	header          string // "Name: recorded -> asked", of both when there is no arrow
	rules           fixtures.Rules
	answer          string // JSON; "" is of no kind
	want            []string
}{
	{name: "query", request: "GET /a?ts=1&q=x -> GET /a?q=x&ts=2", want: []string{"query:ts"}},
	{name: "query left out", request: "GET /a?q=x -> GET /a?q=x&debug", want: []string{"query:debug"}},
	{name: "query, beside a rule", request: "GET /a?v=1&ts=1 -> GET /a?v=2&ts=2", rules: fixtures.Rules{Ignore: []string{"query:v"}}, want: []string{"query:ts"}},
	{name: "query names", request: "GET /a?a%20b=1&c%5B%5D=1 -> GET /a?a%20b=2&c%5B%5D=2", want: []string{"query:a b", "query:c[]"}},
	{name: "date beside a query", request: "GET /a?X-Amz-Date=20261128T100000Z&q=1 -> GET /a?X-Amz-Date=20261129T110000Z&q=1", want: []string{"query:X-Amz-Date"}},
	{name: "signed query", request: "GET /a?X-Amz-Credential=AK%2F1&X-Amz-Date=20261128T100000Z&X-Amz-Signature=11&n=1 -> GET /a?X-Amz-Credential=AK%2F2&X-Amz-Date=20261129T100000Z&X-Amz-Signature=22&n=2", want: []string{"query:n"}},
	{name: "header that counts", request: "GET /a", header: "X-Amz-Date: 20261128T100000Z -> 20261129T110000Z", rules: fixtures.Rules{MatchHeader: []string{"X-Amz-Date"}}, want: []string{"header:X-Amz-Date"}},
	{name: "number in a path", request: "GET /users/17/notes -> GET /users/18/notes", want: []string{`regexp:^/users/(\d+)/notes`}},
	{name: "UUID in a path", request: "GET /jobs/5a0c1a3e-8a9d-4f5e-9b1c-2d3e4f5a6b7c?q=1 -> GET /jobs/0c1a3e5a-9d8a-5e4f-1c9b-3e4f2d5a6b7c?q=1", want: []string{`regexp:^/jobs/([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})`}},
	{name: "two ids in a path", request: "GET /users/17/orders/2026-11-28 -> GET /users/18/orders/2026-11-29", want: []string{`regexp:^/users/(\d+)/orders`, `regexp:/orders/(\d{4}-\d{2}-\d{2})`}},
	{name: "ids side by side", request: "GET /v1/u/17/4/notes -> GET /v1/u/18/5/notes", want: []string{`regexp:^/v1/u/(\d+/\d+)/notes`}},
	{name: "nearly all of a path", request: "GET /u/5a0c1a3e-8a9d-4f5e-9b1c-2d3e4f5a6b7c/k7d8f9aa1 -> GET /u/0c1a3e5a-9d8a-5e4f-1c9b-3e4f2d5a6b7c/x1y2z3w4v", want: []string{`regexp:^/u/([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/[A-Za-z0-9_-]+)`}},
	{name: "form", request: "POST /f", header: "Content-Type: " + form, recorded: "when=1&a=1", asked: "a=1&when=2", want: []string{"form:when"}},
	{name: "form, repeated", request: "POST /f", header: "Content-Type: " + form, recorded: "t=1&t=2&a=1", asked: "a=1&t=2", want: []string{"form:t"}},
	{name: "multipart", request: "POST /f", header: "Content-Type: " + part, recorded: field("when", "1") + field("a", "1") + "--b--\r\n", asked: field("when", "23") + field("a", "1") + "--b--\r\n", want: []string{"form:when"}},
	{name: "JSON in multipart", request: "POST /f", header: "Content-Type: " + part, recorded: field("j", `{"at":1,"b":2}`, "Content-Type: application/json\r\n") + "--b--\r\n", asked: field("j", `{"at":2,"b":2}`, "Content-Type: application/json\r\n") + "--b--\r\n", want: []string{"json:$.at"}},
	{name: "JSON", request: "POST /j", header: "Content-Type: " + js, recorded: `{"a":{"b":[{"c":1},{"c":1}]},"d":1}`, asked: `{"d":1,"a":{"b":[{"c":2},{"c":1}]}}`, want: []string{"json:$.a.b[0].c"}},
	{name: "JSON, each element", request: "POST /j", header: "Content-Type: " + js, recorded: `{"items":[{"id":1,"n":"a"},{"id":2,"n":"b"}]}`, asked: `{"items":[{"id":3,"n":"a"},{"id":4,"n":"b"}]}`, want: []string{"json:$.items[*].id"}},
	{name: "JSON, nested elements", request: "POST /j", header: "Content-Type: " + js, recorded: `[{"a":[{"i":1},{"i":2}]},{"a":[{"i":3},{"i":4}]}]`, asked: `[{"a":[{"i":5},{"i":6}]},{"a":[{"i":7},{"i":8}]}]`, want: []string{"json:$[*].a[*].i"}},
	{name: "JSON names", request: "POST /j", header: "Content-Type: " + js, recorded: `{"a b":1,"it's":1,"x.y":1,"c":1}`, asked: `{"a b":2,"it's":2,"x.y":2,"c":1}`, want: []string{"json:$['a b']", `json:$['it\'s']`, "json:$['x.y']"}},
	{name: "JSON, left out", request: "POST /j", header: "Content-Type: " + js, recorded: `{"a":1}`, asked: `{"a":1,"trace_id":"x"}`, want: []string{"json:$.trace_id"}},
	{name: "JSON, undeclared", request: "POST /j", recorded: `{"a":1,"at":1}`, asked: `{"a":1,"at":2}`, want: []string{"json:$.at"}},
	{name: "NDJSON", request: "POST /_bulk", header: "Content-Type: application/x-ndjson", recorded: "{\"index\":{}}\n{\"t\":\"milk\",\"at\":1}\n", asked: "{\"index\":{}}\n{\"t\":\"milk\",\"at\":2}\n", want: []string{"json:$.at"}},
	{name: "events", request: "POST /e", header: "Content-Type: text/event-stream", recorded: "event: a\ndata: {\"id\":1,\"x\":1}\n\ndata: {\"id\":2}\n\n", asked: "event: a\ndata: {\"id\":7,\"x\":1}\n\ndata: {\"id\":8}\n\n", want: []string{"json:$.id"}},
	{name: "XML element", request: "POST /soap", header: "Content-Type: text/xml", recorded: `<s:E xmlns:s="urn:x"><s:Security><w:Created xmlns:w="urn:w">2026-11-28T10:00:00Z</w:Created></s:Security><a>1</a></s:E>`, asked: `<s:E xmlns:s="urn:x"><s:Security><w:Created xmlns:w="urn:w">2026-11-29T11:00:00Z</w:Created></s:Security><a>1</a></s:E>`, want: []string{"xml://Security/Created"}},
	{name: "XML attribute", request: "POST /soap", header: "Content-Type: application/xml", recorded: `<r><item id="1">a</item><item id="2">b</item></r>`, asked: `<r><item id="3">a</item><item id="4">b</item></r>`, want: []string{"xml://item/@id"}},
	{name: "XML, left out", request: "POST /soap", header: "Content-Type: application/xml", recorded: `<r><a>1</a></r>`, asked: `<r><a>1</a><Nonce>x</Nonce></r>`, want: []string{"xml://r/Nonce"}},
	{name: "date in a prompt", request: "POST /chat", header: "Content-Type: " + js, recorded: `{"model":"m","messages":[{"role":"user","content":"Today is 2026-11-28. What is up?"}]}`, asked: `{"model":"m","messages":[{"role":"user","content":"Today is 2026-12-01. What is up?"}]}`, want: []string{`regexp:Today is (\d{4}-\d{2}-\d{2})`}},
	{name: "date and time in a prompt", request: "POST /chat", header: "Content-Type: " + js, recorded: `{"content":"It is Saturday, November 28, 2026 10:05 here.\nRequest 12 of Ann"}`, asked: `{"content":"It is Sunday, November 29, 2026 9:07 here.\nRequest 12 of Ann"}`, want: []string{`regexp:It is ((?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4} \d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?)`}},
	{name: "id in a GraphQL query", request: "POST /graphql", header: "Content-Type: " + js, recorded: `{"query":"query {\n\tuser(id: \"u12\") { name } }"}`, asked: `{"query":"query {\n\tuser(id: \"u13\") { name } }"}`, want: []string{`regexp:query \{\\n\\tuser\(id: \\"([A-Za-z0-9_-]+)`}},
	{name: "JSON in a text", request: "POST /j", header: "Content-Type: " + js, recorded: `{"arguments":"{\"at\":1,\"city\":\"Rome\"}"}`, asked: `{"arguments":"{\"at\":2,\"city\":\"Rome\"}"}`, want: []string{`regexp:\{\\"at\\":(\d+),\\"city\\":\\"Rome\\"\}`}},
	{name: "token in XML text", request: "POST /x", header: "Content-Type: text/xml", recorded: `<m><p>the key of run 5f2a9c is new</p></m>`, asked: `<m><p>the key of run 0d7b1e is new</p></m>`, want: []string{`regexp:the key of run ([A-Za-z0-9_-]+)`}},
	{name: "text", request: "POST /write", header: "Content-Type: text/plain", recorded: "cpu,host=a v=1 1700000000000000001", asked: "cpu,host=a v=1 1800000000000000002", want: []string{`regexp:cpu,host=a v=1 (\d{19})`}},
	{name: "text of a number", request: "POST /write", header: "Content-Type: text/plain", recorded: "1700000001", asked: "1800000002", want: []string{`regexp:(?m:^)(\d{10})(?m:$)`}},
	{name: "text that begins with it", request: "POST /write", header: "Content-Type: text/plain", recorded: "2026-11-28 buy milk", asked: "2026-11-29 buy milk", want: []string{`regexp:(?m:^)(\d{4}-\d{2}-\d{2}) buy milk(?m:$)`}},
	{name: "word in a text", request: "POST /write", header: "Content-Type: text/plain", recorded: "say it to Ann today", asked: "say it to Bob today", want: []string{`regexp:say it to (\S+)`}},
	{name: "tabs", request: "POST /t", header: "Content-Type: text/tab-separated-values", recorded: "Ann\t12\tx\tRome\nBob\t13\tx\tOslo", asked: "Ann\t14\tx\tRome\nBob\t15\tx\tOslo", want: []string{`regexp:Ann\t(\d+)`, `regexp:Bob\t(\d+)`}},
	{name: "line of a log", request: "POST /log", header: "Content-Type: text/plain", recorded: "a - [28/Nov/2026:10:00:00 +0000] b\nSat Nov 28 10:00:00 2026 c", asked: "a - [29/Nov/2026:11:00:00 +0000] b\nSun Nov 29 11:00:00 2026 c", want: []string{`regexp:(?m:^)a - \[(\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4})\] b`, `regexp:(?m:^)([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}(?: [A-Z]{3,4})? \d{4}) c(?m:$)`}},
	{name: "JSON, names that are ids", request: "POST /j", header: "Content-Type: " + js, recorded: `{"by":{"a1":1},"n":1}`, asked: `{"by":{"b2":1},"n":1}`, want: []string{"json:$.by"}},
	{name: "JSON, many elements", request: "POST /j", header: "Content-Type: " + js, recorded: `{"v":[1,2,3,4,5,6]}`, asked: `{"v":[1,9,9,9,9,9]}`, want: []string{"json:$.v[*]"}},
	{name: "JSON, a longer array", request: "POST /j", header: "Content-Type: " + js, recorded: `{"v":[1,2],"w":1}`, asked: `{"v":[1,2,3],"w":1}`, want: []string{"json:$.v[2]"}},
	{name: "JSON, another array", request: "POST /j", header: "Content-Type: " + js, recorded: `{"v":[1,2],"w":1}`, asked: `{"v":[3,1,2],"w":1}`, want: []string{"json:$.v"}},
	{name: "JSON-RPC", request: "POST /rpc", header: "Content-Type: " + js, recorded: `{"jsonrpc":"2.0","id":1,"method":"sum"}`, asked: `{"jsonrpc":"2.0","id":41,"method":"sum"}`, answer: `{"jsonrpc":"2.0","id":1,"result":7}`, want: []string{"+json:$.id"}},
	{name: "JSON-RPC, answered with another", request: "POST /rpc", header: "Content-Type: " + js, recorded: `{"jsonrpc":"2.0","id":1,"method":"sum"}`, asked: `{"jsonrpc":"2.0","id":41,"method":"sum"}`, answer: `{"jsonrpc":"2.0","id":2}`, want: []string{"json:$.id"}},
	{name: "JSON-RPC batch", request: "POST /rpc", header: "Content-Type: " + js, recorded: `[{"id":1,"method":"a"},{"id":2,"method":"b"}]`, asked: `[{"id":3,"method":"a"},{"id":4,"method":"b"}]`, answer: `[{"id":1},{"id":2}]`, want: []string{"+json:$[*].id"}},
	{name: "several kinds", request: "POST /j?ts=1 -> POST /j?ts=2", header: "Content-Type: " + js, recorded: `{"nonce":"a","n":1}`, asked: `{"nonce":"b","n":1}`, want: []string{"query:ts", "json:$.nonce"}},

	// No rule can name what differs.
	{name: "method", request: "PUT /a -> PATCH /a"},
	{name: "word in a path", request: "GET /users/ann -> GET /users/bob"},
	{name: "version in a path", request: "GET /v1/users -> GET /v2/users"},
	{name: "another text", request: "POST /write", header: "Content-Type: text/plain", recorded: "milk and bread", asked: "a loaf of bread"},
	{name: "another type", request: "POST /write", header: "Content-Type: text/plain -> application/json", recorded: "{}", asked: "{}"},
}

func TestAMissNamesTheRuleThatMakesItAHit(t *testing.T) {
	for _, c := range ruleCases {
		t.Run(c.name, func(t *testing.T) {
			was, asks, found := strings.Cut(c.request, " -> ")
			if !found {
				asks = was
			}
			var wasHeader, askHeader []string
			if name, value, ok := strings.Cut(c.header, ": "); ok {
				a, b, found := strings.Cut(value, " -> ")
				if !found {
					b = a
				}
				wasHeader, askHeader = []string{name, a}, []string{name, b}
			}
			rec := recordedAs(was, c.recorded, wasHeader...)
			if c.answer != "" {
				rec.Response.Header.Set("Content-Type", js)
				rec.Response.Body.Bytes = []byte(c.answer)
			}
			store := imported(t, c.rules, rec)
			got := ruleOf(t, offlineOn(store), asks, c.asked, askHeader...)
			if len(c.want) == 0 {
				if got != nil {
					t.Errorf("%+v", got)
				}
				return
			}
			if got == nil {
				t.Fatal("no rule")
			}
			list := append([]string{}, got.Ignore...)
			for _, text := range got.Echo {
				list = append(list, "+"+text)
			}
			if diff := cmp.Diff(c.want, list); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			rules := c.rules
			rules.Ignore = append(append([]string{}, rules.Ignore...), got.Ignore...)
			rules.Echo = got.Echo
			if err := store.SetRules(t.Context(), rules); err != nil {
				t.Fatal(err)
			}
			if res, content := send(t, offlineOn(store), asks, c.asked, askHeader...); res.Header.Get("X-Cache") != "HIT" {
				t.Errorf("under the rule: %s", content)
			}
		})
	}
}

// ruleOf returns the rule that a miss names.
func ruleOf(t testing.TB, p *replay.Proxy, request, body string, pairs ...string) *explain.Rule {
	t.Helper()
	return missOf(t, p, request, body, pairs...).Rule
}

// TestTheNearestIsOfTheSameOperation: neither another one that looks more alike, nor a
// batch that holds it.
func TestTheNearestIsOfTheSameOperation(t *testing.T) {
	post := func(body string) *fixtures.Recording { return recordedAs("POST /x", body, "Content-Type", js) }
	named := func(name string, rec *fixtures.Recording) *fixtures.Recording {
		rec.Name = name
		return rec
	}
	store := imported(t, fixtures.Rules{},
		named("user", post(`{"query":"query User($id: ID!) { user(id: $id) { name mail phone } }","variables":{"id":1,"more":true}}`)),
		named("users", post(`{"query":"query Users($id: ID!) { user(id: $id) { name } }","variables":{"id":2}}`)),
		named("sum", post(`{"jsonrpc":"2.0","id":1,"method":"sum","params":[1,2,3,4]}`)),
		named("mul", post(`{"jsonrpc":"2.0","id":2,"method":"mul","params":[5]}`)),
		named("batch", post(`[{"jsonrpc":"2.0","id":2,"method":"sum","params":[5]}]`)),
		named("sum and mul", post(`[{"jsonrpc":"2.0","id":1,"method":"sum"},{"jsonrpc":"2.0","id":1,"method":"mul"}]`)),
		named("mul and sum", post(`[{"jsonrpc":"2.0","id":1,"method":"mul"},{"jsonrpc":"2.0","id":2,"method":"sum"}]`)),
	)
	for _, c := range []struct{ body, want string }{
		{`{"query":"query User($id: ID!) { user(id: $id) { name } }","variables":{"id":2}}`, "user"},
		{`{"operationName":"Users","query":"query User($id: ID!) { user(id: $id) { name } } query Users { a }"}`, "users"},
		{`{"jsonrpc":"2.0","id":2,"method":"sum","params":[5]}`, "sum"},
		{`[{"jsonrpc":"2.0","id":2,"method":"sum","params":[6]}]`, "batch"},
		{`[{"jsonrpc":"2.0","id":1,"method":"sum"},{"jsonrpc":"2.0","id":2,"method":"mul"}]`, "sum and mul"},
	} {
		if got := missOf(t, offlineOn(store), "POST /x", c.body, "Content-Type", js); got.Nearest == nil || got.Nearest.Fixture != c.want {
			t.Errorf("%s: %+v, not %s", c.body, got.Nearest, c.want)
		}
	}
	if rule := ruleOf(t, offlineOn(store), "POST /x", `{"jsonrpc":"2.0","id":2,"method":"div","params":[5]}`, "Content-Type", js); rule != nil {
		t.Errorf("another operation is named by %+v", rule)
	}
}

// TestARuleSaysWhatItJoins: recordings with other answers become takes.
func TestARuleSaysWhatItJoins(t *testing.T) {
	answers := func(target, body string) *fixtures.Recording {
		rec := recordedAs("GET "+target, "")
		rec.Response.Body.Bytes = []byte(body)
		return rec
	}
	for _, c := range []struct {
		recs []*fixtures.Recording
		want int
	}{
		{[]*fixtures.Recording{answers("/a?id=1", "one")}, 0},
		{[]*fixtures.Recording{answers("/a?id=1", "one"), answers("/a?id=2", "one")}, 0},
		{[]*fixtures.Recording{answers("/a?id=1", "one"), answers("/a?id=2", "two"), answers("/b?id=3", "three"), answers("/a?id=4&x=1", "four")}, 2},
	} {
		const warning = "  It would join 2 recordings whose answers differ: they become takes of one request, in the order recorded."
		store := imported(t, fixtures.Rules{}, c.recs...)
		rule := ruleOf(t, offlineOn(store), "GET /a?id=9", "")
		said := strings.Contains(strings.Join(missOf(t, offlineOn(store), "GET /a?id=9", "").Explanation, "\n"), warning)
		if rule == nil || rule.Joins != c.want || said != (c.want > 0) {
			t.Errorf("%d recordings: %+v, said %v", len(c.recs), rule, said)
		}
	}
}

// TestItNeedNotMatterWhoAsks: nor which variant, nor what an answer repeats in its header.
func TestItNeedNotMatterWhoAsks(t *testing.T) {
	by := func(who string) *fixtures.Recording {
		rec := recordedAs("GET /me", "")
		rec.Request.Credentials = map[string]string{"Authorization": who}
		rec.Response.Body.Bytes = []byte(who)
		return rec
	}
	varies := recordedAs("GET /page", "", "Accept-Language", "de")
	varies.Response.Header.Set("Vary", "Accept-Language, Accept-Encoding")
	repeats := recordedAs("GET /traced", "", "X-Trace", "1")
	repeats.Response.Header.Set("X-Trace", "1")
	rules := fixtures.Rules{MatchHeader: []string{"X-Trace"}}
	store := imported(t, rules, by("credentials-1"), by("credentials-2"), varies, repeats)
	for _, c := range []struct {
		request, name, value string
		want                 explain.Rule
	}{
		{"GET /me", "Authorization", "Bearer other", explain.Rule{Ignore: []string{"credentials"}, Joins: 2}},
		{"GET /page", "Accept-Language", "fr", explain.Rule{Ignore: []string{"header:Accept-Language"}}},
		{"GET /traced", "X-Trace", "2", explain.Rule{Echo: []string{"header:X-Trace"}}},
	} {
		rule := ruleOf(t, offlineOn(store), c.request, "", c.name, c.value)
		if rule == nil {
			t.Fatalf("%s: no rule", c.request)
		}
		if diff := cmp.Diff(c.want, *rule); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.request, diff)
		}
		rules.Ignore, rules.Echo = append(rules.Ignore, rule.Ignore...), append(rules.Echo, rule.Echo...)
		if err := store.SetRules(t.Context(), rules); err != nil {
			t.Fatal(err)
		}
		if res, content := send(t, offlineOn(store), c.request, "", c.name, c.value); res.Header.Get("X-Cache") != "HIT" {
			t.Errorf("%s under the rule: %s", c.request, content)
		}
	}
}

// TestNoRuleHoldsASecret: neither its own, nor what stands around a part.
func TestNoRuleHoldsASecret(t *testing.T) {
	const secret = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
	for _, c := range []struct{ recorded, asked, contentType string }{
		{`{"p":"use ` + secret + ` on 2026-11-28 only"}`, `{"p":"use ` + secret + ` on 2026-11-29 only"}`, js},
		{"key " + secret + " 2026-11-28", "key " + secret + " 2026-11-29", "text/plain"},
		{`{"password":"hunter2-1","a":1}`, `{"password":"hunter2-2","a":1}`, js},
		{"password=hunter2-1&a=1", "password=hunter2-2&a=1", form},
	} {
		store := imported(t, fixtures.Rules{}, recordedAs("POST /s", c.recorded, "Content-Type", c.contentType))
		_, content := send(t, offlineOn(store), "POST /s", c.asked, "Content-Type", c.contentType)
		if strings.Contains(content, "4eC39") || strings.Contains(content, "hunter2-") {
			t.Errorf("%s: %s", c.asked, content)
		}
		if ruleOf(t, offlineOn(store), "POST /s", c.asked, "Content-Type", c.contentType) == nil {
			t.Errorf("%s: no rule: %s", c.asked, content)
		}
	}
}

// FuzzAMemberThatDiffersIsNamed: whatever two values of a member are, and what stands
// around them, there is a rule, and it makes a hit.
func FuzzAMemberThatDiffersIsNamed(f *testing.F) {
	f.Add("Today is ", "2026-11-28", "2026-11-29", " and more")
	f.Add("", "a", "b", "")
	f.Add("it's \"<é>&\n", "12:30", "1:45 pm", "\\ \t$'")
	f.Add("key REDACTED-a-1 ", "5f2a9c", "0d7b1e77", " of")
	f.Fuzz(func(t *testing.T, before, a, b, after string) {
		x, y := before+a+after, before+b+after
		if x == y || !utf8.ValidString(x) || !utf8.ValidString(y) || strings.Contains(x+y, "\r") {
			t.Skip("nothing that all kinds of content can say")
		}
		text := func(v any) string {
			data, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return string(data)
		}
		for _, kind := range []struct {
			contentType string
			content     func(v string) string
		}{
			{js, func(v string) string { return text(map[string]any{"n": 1, "it's": []any{map[string]any{"v": v}}}) }},
			{"application/x-ndjson", func(v string) string { return "{\"n\":1}\n" + text(map[string]any{"v": v}) + "\n" }},
			{form, func(v string) string { return "n=1&v=" + url.QueryEscape(v) }},
			{part, func(v string) string {
				return field("n", "1") + field("v", strings.ReplaceAll(v, "--b", "")) + "--b--\r\n"
			}},
		} {
			was, asks := kind.content(x), kind.content(y)
			if was == asks {
				continue
			}
			store := &memory{recs: []*fixtures.Recording{recordedAs("POST /x", was, "Content-Type", kind.contentType)}}
			ask := func() (string, *explain.Rule) {
				p := &replay.Proxy{Sequence: &replay.Sequence{Store: store, Catalog: &replay.Catalog{Store: store}}}
				res, content := send(t, p, "POST /x", asks, "Content-Type", kind.contentType)
				var got told
				_ = json.Unmarshal([]byte(content), &got) // not of a hit
				return res.Header.Get("X-Cache"), got.Rule
			}
			cache, rule := ask()
			if cache == "HIT" {
				continue // but for what stands for a secret
			}
			if rule == nil {
				t.Fatalf("no rule for %q instead of %q", asks, was)
			}
			store.rules = fixtures.Rules{Ignore: rule.Ignore, Echo: rule.Echo}
			if cache, _ = ask(); cache != "HIT" {
				t.Errorf("%q instead of %q is no hit under %+v", asks, was, rule)
			}
		}
	})
}
