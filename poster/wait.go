package poster

import (
	"fmt"
	"time"
)

// Wait is the error of a job that is not tried now because its account must
// wait. It is nobody's fault, and counts for nothing.
type Wait struct {
	Until time.Time // zero where another process decides
	Why   string    // such as "30 ads in 24 hours", for people
}

func (w Wait) Error() string {
	if w.Until.IsZero() {
		return "it is not its turn: " + w.Why
	}
	return fmt.Sprintf("it is not its turn before %s: %s", w.Until.Format(time.DateTime), w.Why)
}
