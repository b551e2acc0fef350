package main

import (
	"path/filepath"
	"slices"
)

// rootVariables name a file of certificates that is trusted instead of the system's
// roots.
var rootVariables = []string{
	"SSL_CERT_FILE",                      // OpenSSL, and with it Python, Ruby, PHP and .NET on Linux; Go, except on macOS and Windows; rustls
	"CURL_CA_BUNDLE",                     // curl
	"REQUESTS_CA_BUNDLE",                 // requests, which does not read SSL_CERT_FILE
	"PIP_CERT",                           // pip
	"AWS_CA_BUNDLE",                      // AWS's command and SDKs
	"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", // gcloud
	"HTTPLIB2_CA_CERTS",                  // httplib2
	"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",   // gRPC's C core, and with it its Python, Ruby and PHP
	"GIT_SSL_CAINFO",                     // git
	"CARGO_HTTP_CAINFO",                  // Cargo
	"PERL_LWP_SSL_CA_FILE",               // Perl's LWP
	"NIX_SSL_CERT_FILE",                  // OpenSSL as Nix builds it, before SSL_CERT_FILE
	"npm_config_cafile",                  // npm, which may have a cafile in .npmrc that counts more than Node's
}

// extraVariables name a file of certificates that is trusted beside the roots that the
// client has.
var extraVariables = []string{
	"NODE_EXTRA_CA_CERTS", // Node and Bun
	"DENO_CERT",           // Deno
}

// bundleFile has the system's roots, the user's and ours.
const bundleFile = "bundle.pem"

// tellTrust sets the variables that name certificates.
func (s clientSetup) tellTrust(told map[string]string) error {
	path, err := s.write("ca.pem", s.ca)
	if err != nil {
		return err
	}
	told[caVariable] = path
	if path, err = s.write(bundleFile, s.trusted.pem()); err != nil {
		return err
	}
	for _, name := range rootVariables {
		for _, name := range s.spellings(name) {
			told[name] = path
		}
	}
	for _, name := range extraVariables {
		extra := new(certificates)
		extra.addPath(s.env.get(name))
		extra.addPEM(s.ca)
		if told[name], err = s.write(name+".pem", extra.pem()); err != nil {
			return err
		}
	}
	return nil
}

// roots returns the system's roots, those that the user has clients trust, and ours.
func (s clientSetup) roots() *certificates {
	all := new(certificates)
	all.addSystem()
	for _, dir := range filepath.SplitList(s.env.get("SSL_CERT_DIR")) {
		all.addPath(dir)
	}
	for _, name := range slices.Concat(rootVariables, extraVariables) {
		for _, name := range s.spellings(name) {
			all.addPath(s.env.get(name))
		}
	}
	all.addPEM(s.ca)
	return all
}
