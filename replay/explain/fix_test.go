package explain

import (
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestAShellReadsWhatACommandLineSpells: what is typed as it stands gives the same words.
func TestAShellReadsWhatACommandLineSpells(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash: ", err)
	}
	words := []string{
		"plain", "", "two words", "it's", `back\slash`, "$HOME", "query:\x1b", "\x1b'\\n1", "line\nline", "tab\t7", "\xee\x801",
		"naïve", "zero\u200bwidth", "bell\a\r",
	}
	line := CommandLine(words...)
	if strings.ContainsAny(line, "\n\r\x1b\a") || !utf8.ValidString(line) {
		t.Errorf("a terminal would act on %q", line)
	}
	got, err := exec.Command(bash, "-c", `printf '%s\0' `+line).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	if want := strings.Join(words, "\x00") + "\x00"; string(got) != want {
		t.Errorf("%s\nreads %q\nwant  %q", line, got, want)
	}
}
