package testutil

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxSession bounds a session's name, in bytes.
const maxSession = 100

// sessionName makes the name of a test that of a session: "TestA/b" is "TestA.b".
// Names that have lost something more by that get a part of their hash, so that
// no two tests share a session.
func sessionName(test string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_':
			return r
		case r == '/':
			return '.'
		}
		return '~'
	}, test)
	if strings.ReplaceAll(name, ".", "/") == test && name != "" && len(name) <= maxSession && !strings.HasSuffix(name, ".") {
		return name
	}
	sum := sha256.Sum256([]byte(test))
	hash := "~" + hex.EncodeToString(sum[:4])
	return name[:min(len(name), maxSession-len(hash))] + hash
}
