package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDotenvIsReadAsPythonDotenvDoes(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       map[string]string
		junk       []int
	}{
		{"empty", "", map[string]string{}, nil},
		{"plain", "a=b\nc=d", map[string]string{"a": "b", "c": "d"}, nil},
		{"spaces around =", " a = b c \n", map[string]string{"a": "b c"}, nil},
		{"no value", "a=\nb= \n", map[string]string{"a": "", "b": ""}, nil},
		{"no =", "a\nexport b\n", map[string]string{}, nil},
		{"no = takes back", "a=1\na\n", map[string]string{}, nil},
		{"the last wins", "a=1\na=2\n", map[string]string{"a": "2"}, nil},
		{"export", "export a=b\nexport\tc=d\nexported=1", map[string]string{"a": "b", "c": "d", "exported": "1"}, nil},
		{"BOM", "\ufeffa=b\n", map[string]string{"a": "b"}, nil},
		{"CRLF and CR", "a=b\r\nc=\"d\"\r\ne=f\rg=h", map[string]string{"a": "b", "c": "d", "e": "f", "g": "h"}, nil},
		{"comments", "# x=y\n  # more\na=b # c\nd=e#f\ng=\"h\" # i\nj='k'#l\n", map[string]string{"a": "b", "d": "e#f", "g": "h", "j": "k"}, nil},
		{"a comment needs a space before it", "a= #b\nc=#d\n", map[string]string{"a": "#b", "c": "#d"}, nil},
		{"# and $ in passwords", "a=p#ss$word\nb=$x$$\nc='$1#2'\n", map[string]string{"a": "p#ss$word", "b": "$x$$", "c": "$1#2"}, nil},
		{"= in values", "a=b=c==\n", map[string]string{"a": "b=c=="}, nil},
		{"single quotes", `a='b \' c \\ d \n'`, map[string]string{"a": `b ' c \ d \n`}, nil},
		{"double quotes", `a="b \" c \\ d \n\t\x é"`, map[string]string{"a": "b \" c \\ d \n\t\\x é"}, nil},
		{"quotes inside", `a=b "c" 'd'`, map[string]string{"a": `b "c" 'd'`}, nil},
		{"quoted key", "'a b'=c\n", map[string]string{"a b": "c"}, nil},
		{"several lines", "a=\"b\nc\"\nd='e\n\nf'\ng=h\n", map[string]string{"a": "b\nc", "d": "e\n\nf", "g": "h"}, nil},
		{"variables", "a=1\nb=${a}2\nc=${none:-x y}\nd=${none}\ne='${a}'\nf=${SET}\nSET=file\n", map[string]string{"a": "1", "b": "12", "c": "x y", "d": "", "e": "1", "f": "process", "SET": "file"}, nil},
		{"a set but empty variable has no default", "a=\nb=${a:-x}\n", map[string]string{"a": "", "b": ""}, nil},
		{"not a variable", "a=${b\nc=$b\nd=$(ls)\n", map[string]string{"a": "${b", "c": "$b", "d": "$(ls)"}, nil},
		{"junk", "a=b\nthis is junk\n\n=c\nd='e\nf=\"g\" h\ni=j\n", map[string]string{"a": "b", "i": "j"}, []int{2, 4, 5, 6}},
		{"junk after CRLF", "a=b\r\n\r\n=\r\nc=d", map[string]string{"a": "b", "c": "d"}, []int{3}},
		{"not UTF-8", "a=\xff\xfe\nb=c", map[string]string{"a": "\xff\xfe", "b": "c"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bindings, junk := parseDotenv(tt.text)
			got := expand(bindings, func(name string) (string, bool) { return "process", name == "SET" })
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.junk, junk); diff != "" {
				t.Errorf("junk lines (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzDotenvEnds: whatever is in the file, reading it ends and fails nobody.
func FuzzDotenvEnds(f *testing.F) {
	for _, seed := range []string{"a=b", "a='b\nc", "\ufeff=", "export", "'", "a=${b:-}", "\v\n#"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		bindings, _ := parseDotenv(text)
		expand(bindings, func(string) (string, bool) { return "", false })
	})
}
