package explain

// A Difference is one thing in which a request differs from the nearest recording,
// its two sides without secrets, each on one line.
type Difference struct {
	Part           string // where: "query parameter page", "body $.user.name"
	Yours, Nearest string

	// Same is how many characters the sides have in common at the beginning and at
	// the end, where they are two texts that are alike. Zeros: all of them differs.
	Same struct{ Before, After int }
}

// maxSides bounds how many differences are kept of a miss.
const maxSides = 20

func sidesOf(list []difference) []Difference {
	sides := make([]Difference, 0, min(len(list), maxSides))
	for i := range min(len(list), maxSides) {
		sides = append(sides, list[i].sides())
	}
	return sides
}

func (d *difference) sides() Difference {
	out := Difference{Part: d.place(), Yours: d.show(d.yours), Nearest: d.show(d.recorded)}
	if !d.isText() {
		return out
	}
	var from, to int
	var marked bool
	out.Yours, out.Nearest, from, to, marked = alignTexts(out.Yours, out.Nearest)
	if shorter := min(len([]rune(out.Yours)), len([]rune(out.Nearest))); marked {
		out.Same.Before = min(from, shorter)
		out.Same.After = max(0, min(len([]rune(out.Nearest))-to, shorter-out.Same.Before))
	}
	return out
}
