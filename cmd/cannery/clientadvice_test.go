package main

import (
	"strings"
	"testing"
)

func TestAdviceNamesTheClientsSetting(t *testing.T) {
	for agent, setting := range map[string]string{
		"curl/7.88.1": "CURL_CA_BUNDLE", "git/2.39.5": "GIT_SSL_CAINFO", "Wget/1.21.3": "WGETRC", "cargo 1.95.0": "CARGO_HTTP_CAINFO", "cargo/1.95.0": "CARGO_HTTP_CAINFO",
		"npm/11.19.1 node/v20": "npm_config_cafile", "Node.js/20.20.2": "NODE_EXTRA_CA_CERTS", "Bun/1.4.5": "NODE_EXTRA_CA_CERTS", "Deno/2.9.6": "DENO_CERT",
		"Go-http-client/1.1": "SSL_CERT_FILE", "Java-http-client/17.0.15": "JAVA_TOOL_OPTIONS", "Java/17.0.15": "JAVA_TOOL_OPTIONS",
		"python-requests/2.34.2": "REQUESTS_CA_BUNDLE", "Python-urllib/3.11": "SSL_CERT_FILE", "Boto3/1.34": "AWS_CA_BUNDLE", "Ruby": "SSL_CERT_FILE",
		"": caVariable, "something else": caVariable,
	} {
		if got := adviceFor(agent); !strings.Contains(got, setting) {
			t.Errorf("%q: %q does not name %s", agent, got, setting)
		}
	}
}

// TestAdviceIsReached: what stands before it does not fit too.
func TestAdviceIsReached(t *testing.T) {
	for _, known := range trustAdvice {
		if got := adviceFor(known.agent); got != known.advice {
			t.Errorf("%q: %q, want %q", known.agent, got, known.advice)
		}
	}
}
