package main

import "strings"

// trustAdvice is what makes clients trust a CA, by what their User-Agent begins with in
// lower case. The first that fits counts. run and env set all of these variables: who
// refuses the certificate nevertheless was begun without them, or is told otherwise by
// what stands behind.
var trustAdvice = []struct{ agent, advice string }{
	{"curl/", "curl reads CURL_CA_BUNDLE, unless --cacert or .curlrc names another file"},
	{"git/", "git reads GIT_SSL_CAINFO"},
	{"wget/", "wget reads the file that WGETRC names, unless --ca-certificate or --config is given"},
	{"cargo", "Cargo reads CARGO_HTTP_CAINFO"},
	{"npm/", "npm reads npm_config_cafile, unless --cafile is given"},
	{"pnpm/", "pnpm reads npm_config_cafile, unless --cafile is given"},
	{"yarn/", "yarn reads NODE_EXTRA_CA_CERTS, unless httpsCaFilePath in .yarnrc.yml names another file"},
	{"node", nodeAdvice},
	{"undici", nodeAdvice},
	{"axios/", nodeAdvice},
	{"bun/", "Bun reads NODE_EXTRA_CA_CERTS, unless the program gives a ca of its own"},
	{"deno/", "Deno reads DENO_CERT, unless --cert is given"},
	{"go-http-client/", "Go reads SSL_CERT_FILE, unless the program gives RootCAs of its own; on macOS and Windows it does not, and there the system has to trust the certificate"},
	{"java", javaAdvice},
	{"apache-httpclient/", javaAdvice + "; Apache's client wants useSystemProperties() for it"},
	{"okhttp/", javaAdvice},
	{"jersey/", javaAdvice},
	{"gradle/", javaAdvice + "; a Gradle daemon that runs already has read it: stop it with gradle --stop"},
	{"apache-maven/", javaAdvice},
	{"python-requests/", "requests reads REQUESTS_CA_BUNDLE, unless verify names another file or the session has trust_env = False"},
	{"pip/", "pip reads PIP_CERT, unless --cert is given"},
	{"python-httpx/", "httpx reads SSL_CERT_FILE, unless verify is given or the client has trust_env=False"},
	{"python", "Python reads SSL_CERT_FILE, requests REQUESTS_CA_BUNDLE, unless the program makes a context with a cafile of its own, such as certifi's"},
	{"boto", awsAdvice},
	{"aws-", awsAdvice},
	{"ruby", "Ruby reads SSL_CERT_FILE, unless the program or a gem names a ca_file of its own"},
	{"faraday", "Ruby reads SSL_CERT_FILE, unless the program or a gem names a ca_file of its own"},
	{"guzzlehttp/", phpAdvice},
	{"php", phpAdvice},
	{"libwww-perl/", "LWP reads PERL_LWP_SSL_CA_FILE"},
	{"reqwest/", rustAdvice},
	{"hyper/", rustAdvice},
	{"ureq/", rustAdvice},
	{"grpc-", "gRPC reads GRPC_DEFAULT_SSL_ROOTS_FILE_PATH, unless the program gives root certificates of its own"},
	{"mozilla/", "a browser has roots of its own: add the certificate in " + caVariable + " to them, or start it with --ignore-certificate-errors for the test"},
}

const (
	nodeAdvice = "Node reads NODE_EXTRA_CA_CERTS when it starts, unless the program gives a ca of its own"
	javaAdvice = "Java reads JAVA_TOOL_OPTIONS, unless the program or its command line names a trust store of its own"
	awsAdvice  = "AWS's command and SDKs read AWS_CA_BUNDLE"
	phpAdvice  = "PHP reads openssl.cafile and curl.cainfo in an ini file below PHP_INI_SCAN_DIR, unless the program names another file"
	rustAdvice = "a program in Rust reads SSL_CERT_FILE, unless it was built with roots of its own (webpki-roots)"
)

// adviceFor says where a client that calls itself so finds the CAs that it trusts. What
// is not known is told where the certificate is.
func adviceFor(userAgent string) string {
	agent := strings.ToLower(userAgent)
	for _, known := range trustAdvice {
		if strings.HasPrefix(agent, known.agent) {
			return known.advice
		}
	}
	return "have the client trust the certificate that " + caVariable + " names"
}
