package replay_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/cannery/fixtures"
)

// largeBody is the size of the bodies below.
const largeBody = 1_000_000

// repeated returns a text of so many bytes.
func repeated(text string) string { return strings.Repeat(text, largeBody/len(text)) }

func noise(n int) string {
	var seed [32]byte
	data := make([]byte, n)
	_, _ = rand.NewChaCha8(seed).Read(data)
	return string(data)
}

// TestALargeMissIsToldAtOnce: to look for secrets in all of it took 8 s of one core. It is
// the order of magnitude that counts here.
func TestALargeMissIsToldAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: how long it takes is tried without -short")
	}
	body := base64.StdEncoding.EncodeToString([]byte(noise(3_000_000)))
	p := offlineOn(imported(t, fixtures.Rules{}, recordedAs("POST /big", body), recordedAs("POST /other", `{"password":"REDACTED-password-1"}`)))
	send(t, p, "POST /big", body) // what is recorded is read once
	missOf(t, p, "POST /big", "small")
	for _, request := range []string{"POST /big", "POST /nowhere/near/to/it"} {
		began := time.Now()
		missOf(t, p, request, body[:len(body)/2]+"!"+body[len(body)/2:])
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("%s was told after %v", request, took)
		}
	}
}

// TestALargeMissSaysWhereItDiffers: whatever the content is.
func TestALargeMissSaysWhereItDiffers(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: large content is tried without -short")
	}
	const js, form, text = "application/json", "application/x-www-form-urlencoded", "text/plain"
	binary := noise(largeBody)
	for name, c := range map[string]struct{ kind, coding, body string }{
		"binary":    {"application/octet-stream", "", binary},
		"base64":    {text, "", base64.StdEncoding.EncodeToString([]byte(binary))[:largeBody]},
		"JSON":      {js, "", `[{"id":0}` + repeated(`,{"id":1,"name":"item","at":"2024-01-02T03:04:05Z"}`) + "]"},
		"deep JSON": {js, "", strings.Repeat("[", largeBody/2) + strings.Repeat("]", largeBody/2)},
		"NDJSON":    {"application/x-ndjson", "", repeated(`{"id":1,"tags":["a","b"]}` + "\n")},
		"XML":       {"application/xml", "", "<doc>" + repeated(`<item id="1"><name>item</name></item>`) + "</doc>"},
		"form":      {form, "", "a=1" + repeated("&field=value+of+it")},
		"multipart": {"multipart/form-data; boundary=B", "", "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n" + binary[:largeBody-100] + "\r\n--B--\r\n"},
		"gzip":      {js, "gzip", string(gzipped(t, `["`+repeated("0123456789abcdef")+`"]`))},
		"one line":  {text, "", repeated("a key: of http://x.test/y?a=b ")},
		"lines":     {text, "", repeated("a\n")},
	} {
		pairs := []string{"Content-Type", c.kind}
		if c.coding != "" {
			pairs = append(pairs, "Content-Encoding", c.coding)
		}
		at := len(c.body) * 3 / 4
		other := c.body[:at] + "zz" + c.body[at+2:]
		p := offlineOn(imported(t, fixtures.Rules{}, recordedAs("POST /big", c.body, pairs...), recordedAs("POST /other", `{"password":"REDACTED-password-1"}`)))
		if res, told := send(t, p, "POST /big", c.body, pairs...); res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %s", name, res.Status, told)
		}
		for request, where := range map[string]string{"POST /big": fmt.Sprintf("  body at byte %d", at+1), "POST /nowhere/near/to/it": "was never recorded"} {
			res, told := send(t, p, request, other, pairs...)
			if res.StatusCode != http.StatusFailedDependency || !strings.Contains(told, where) || len(told) > 4<<10 {
				t.Errorf("%s: %s got %s %s, want %s", name, request, res.Status, told, where)
			}
		}
	}
}

// TestWhatIsShownOfLargeContentHidesItsSecrets: those beside the difference too,
// and those that it is within.
func TestWhatIsShownOfLargeContentHidesItsSecrets(t *testing.T) {
	const js, form, text, multipart = "application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=B"
	fill := strings.Repeat("0123456789abcde\n", 20<<10)
	long := strings.Repeat("zq", 4<<10)
	for _, c := range []struct{ kind, before, after string }{
		{js, `["` + strings.ReplaceAll(fill, "\n", "") + `",{"password":"zq zq",`, `"n":X}]`},
		{js, `["` + strings.ReplaceAll(fill, "\n", "") + `",{"password":"zq X zq`, `"}]`},
		{js, `["` + strings.ReplaceAll(fill, "\n", "") + `",{"n":X,`, `"tokens":["zq","zq"]}]`},
		{js, `["` + strings.ReplaceAll(fill, "\n", "") + `",{"tokens":["zq","zq`, `X","zq"]}]`},
		{js, `["` + strings.ReplaceAll(fill, "\n", "") + `","{\"secret\":\"zq`, `X\"}"]`},
		{form, "a=" + fill + "&password=zq%20zq&n=", "X&pass%77ord=zq"},
		{form, "a=" + fill + "&password=" + long, "Xzq"},
		{form, "n=X&j=%7B%22password%22%3A%22zq", "zq%22%7D&a=" + fill},
		{text, fill + "Authorization: Bearer zqzqzq0123456789ABCDEFX", "zqzq"},
		{text, fill + "-----BEGIN RSA PRIVATE KEY-----\n" + long + "X", "zq\n-----END RSA PRIVATE KEY-----"},
		{text, fill + "https://ada:zqzqzq@host/X", ""},
		{"application/xml", "<a>" + fill + "<password>zqX", "zq</password></a>"},
		{multipart, "--B\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n" + fill + "\r\n--B\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nzqX", "zq\r\n--B--\r\n"},
		{"application/octet-stream", fill + "\xff\xfe ghp_zqzqzqzqzqzqzqzqzqzqzqzqzqzqzqzqX", "zq\xff"},
	} {
		whole := c.before + c.after
		recorded, asked := strings.Replace(whole, "X", "1", 1), strings.Replace(whole, "X", "2", 1)
		p := offlineOn(imported(t, fixtures.Rules{}, recordedAs("POST /big", recorded, "Content-Type", c.kind)))
		res, told := send(t, p, "POST /big", asked, "Content-Type", c.kind)
		if res.StatusCode != http.StatusFailedDependency || !strings.Contains(told, "body at byte ") {
			t.Errorf("%s: got %s %s", c.kind, res.Status, told)
		}
		if strings.Contains(told, "zq") || strings.Contains(told, "7a71") {
			t.Errorf("%s: a secret is shown:\n%s", c.kind, told)
		}
	}
	p := offlineOn(imported(t, fixtures.Rules{Redact: []string{"json:$[1].name"}}, recordedAs("POST /big", `["`+repeated("ab")+`",{"name":"zq1"}]`, "Content-Type", js)))
	if _, told := send(t, p, "POST /big", `["`+repeated("ab")+`",{"name":"zq2"}]`, "Content-Type", js); strings.Contains(told, "zq") {
		t.Errorf("what a rule names is shown:\n%s", told)
	}
}

// TestALargeRequestFindsItsPlaceholder: and where it differs in something else,
// that is what is told.
func TestALargeRequestFindsItsPlaceholder(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: large content is tried without -short")
	}
	const secret, placeholder = "hunter2-is-the-1st", "REDACTED-password-1"
	fill := strings.Repeat("0123456789abcde\n", 20<<10)
	for _, c := range []struct{ kind, coding, body string }{
		{"application/json", "", `{"password":"X","user":"ada","data":"` + strings.ReplaceAll(fill, "\n", "") + `"}`},
		{"application/json", "gzip", `{"password":"X","user":"ada","data":"` + strings.ReplaceAll(fill, "\n", "") + `"}`},
		{"application/x-www-form-urlencoded", "", "password=X&user=ada&data=" + strings.ReplaceAll(fill, "\n", "+")},
		{"multipart/form-data; boundary=B", "", "--B\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nX\r\n--B\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nada\r\n--B\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n" + fill + "\r\n--B--\r\n"},
		{"application/xml", "", "<doc><password>X</password><user>ada</user>" + fill + "<secret>X</secret></doc>"},
	} {
		body := func(value, user string) string {
			text := strings.NewReplacer("X", value, "ada", user).Replace(c.body)
			if c.coding != "" {
				return string(gzipped(t, text))
			}
			return text
		}
		pairs := []string{"Content-Type", c.kind}
		if c.coding != "" {
			pairs = append(pairs, "Content-Encoding", c.coding)
		}
		p := offlineOn(imported(t, fixtures.Rules{}, recordedAs("POST /login", body(placeholder, "ada"), pairs...)))
		if strings.HasPrefix(c.kind, "multipart/") {
			pairs[1] = strings.ReplaceAll(pairs[1], "=B", "=-other")
			c.body = strings.ReplaceAll(c.body, "--B", "---other")
		}
		if res, told := send(t, p, "POST /login", body(secret, "ada"), pairs...); res.StatusCode != http.StatusOK {
			t.Errorf("%s %s: got %s %s", c.kind, c.coding, res.Status, told)
		}
		res, told := send(t, p, "POST /login", body(secret, "eve"), pairs...)
		if res.StatusCode != http.StatusFailedDependency || strings.Contains(told, secret) || c.coding == "" && (!strings.Contains(told, "eve") || !strings.Contains(told, "ada")) {
			t.Errorf("%s %s: got %s %s", c.kind, c.coding, res.Status, told)
		}
	}
}
