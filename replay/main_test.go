package replay_test

import (
	"os"
	"testing"

	"example.com/cannery/testutil/storetest"
)

func TestMain(m *testing.M) {
	storetest.AtOnce()
	os.Exit(m.Run())
}
