package storetest

import "flag"

// AtOnce lets six tests run at once that are parallel, where go test lets as many
// as there are processors. It is for packages whose tests mostly wait, for another
// process or for time to pass, and is called in their TestMain. Whoever gives
// -parallel, or fuzzes, decides instead.
func AtOnce() {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" || f.Name == "test.fuzz" })
	if !given {
		if err := flag.Set("test.parallel", "6"); err != nil {
			panic(err) // it is called by no test
		}
	}
}
