package command

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// age is a duration that may be given in days, as in 14d.
type age time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *age) UnmarshalText(text []byte) error {
	read, err := time.ParseDuration(string(text))
	if days, inDays := strings.CutSuffix(string(text), "d"); inDays {
		var count int
		count, err = strconv.Atoi(days)
		read = time.Duration(count) * 24 * time.Hour
		if err == nil && count > int(maxAge/(24*time.Hour)) {
			err = strconv.ErrRange
		}
	}
	if err != nil || read <= 0 {
		return fmt.Errorf("%q: want days or a duration, as in 14d or 36h", text)
	}
	*a = age(read)
	return nil
}

const maxAge = 100 * 365 * 24 * time.Hour
