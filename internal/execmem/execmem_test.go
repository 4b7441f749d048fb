package execmem_test

import (
	"errors"
	"testing"

	"github.com/lanes-go/lanes/internal/execmem"
)

// TestRefuse runs on every platform: a refusal must reach the callers and end with restore.
func TestRefuse(t *testing.T) {
	before := execmem.Available()
	refusal := errors.New("policy")
	restore := execmem.Refuse(refusal)
	if err := execmem.Available(); err != refusal {
		t.Errorf("Available() = %v during a refusal", err)
	}
	if c, err := execmem.Alloc([]byte{0xC3}); c != nil || err != refusal {
		t.Errorf("Alloc() = %v, %v during a refusal", c, err)
	}
	restore()
	if err := execmem.Available(); err != before {
		t.Errorf("Available() = %v after the refusal, %v before", err, before)
	}
}

func TestAllocEmpty(t *testing.T) {
	if c, err := execmem.Alloc(nil); c != nil || err == nil {
		t.Errorf("Alloc(nil) = %v, %v; want an error", c, err)
	}
}

// TestAllocAgreesWithAvailable holds on every platform.
func TestAllocAgreesWithAvailable(t *testing.T) {
	_, err := execmem.Alloc([]byte{0xC3})
	if (err == nil) != (execmem.Available() == nil) {
		t.Errorf("Alloc: %v, but Available: %v", err, execmem.Available())
	}
}
