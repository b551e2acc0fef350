package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// npm answers as a registry that has one package.
func npm(w http.ResponseWriter, r *http.Request) {
	archive := packed(map[string]string{
		"package/package.json": `{"name": "cannery-try", "version": "1.0.0"}`,
		"package/index.js":     "module.exports = 'packed'\n",
	})
	switch r.URL.Path {
	case "/cannery-try":
		sum := sha512.Sum512(archive)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"name": "cannery-try", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {"name": "cannery-try", "version": "1.0.0",
			"dist": {"tarball": "https://npm.example.test/cannery-try-1.0.0.tgz", "integrity": "sha512-%s"}}}}`, base64.StdEncoding.EncodeToString(sum[:]))
	case "/cannery-try-1.0.0.tgz":
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Write(archive)
	default:
		http.NotFound(w, r)
	}
}

// crates answers as a sparse registry of Cargo's that has one crate.
func crates(w http.ResponseWriter, r *http.Request) {
	archive := packed(map[string]string{
		"cannery-try-1.0.0/Cargo.toml": "[package]\nname = \"cannery-try\"\nversion = \"1.0.0\"\nedition = \"2021\"\n",
		"cannery-try-1.0.0/src/lib.rs": "pub fn packed() {}\n",
	})
	switch r.URL.Path {
	case "/index/config.json":
		fmt.Fprint(w, `{"dl": "https://crates.example.test/crates"}`)
	case "/index/ca/nn/cannery-try":
		fmt.Fprintf(w, `{"name": "cannery-try", "vers": "1.0.0", "deps": [], "cksum": "%x", "features": {}, "yanked": false}`+"\n", sha256.Sum256(archive))
	case "/crates/cannery-try/1.0.0/download":
		w.Header().Set("Content-Type", "application/gzip")
		w.Write(archive)
	default:
		http.NotFound(w, r)
	}
}

// packed returns a .tar.gz of texts by their paths.
func packed(files map[string]string) []byte {
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		// Nothing fails in memory.
		_ = archive.WriteHeader(&tar.Header{Name: path, Mode: 0o644, Size: int64(len(files[path])), Typeflag: tar.TypeReg})
		_, _ = archive.Write([]byte(files[path]))
	}
	_ = archive.Close()
	_ = zipped.Close()
	return out.Bytes()
}
