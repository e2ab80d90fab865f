package host

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// HasCapSysResource tells whether processes here may have CAP_SYS_RESOURCE.
func HasCapSysResource() bool {
	status, _ := os.ReadFile("/proc/self/status")
	return bounds(string(status), 24) // its bit: capabilities(7)
}

// bounds tells whether the bounding set in the text of /proc/PID/status holds a
// capability; where the text does not tell, it is taken to.
func bounds(status string, capability uint) bool {
	for line := range strings.Lines(status) {
		if value, ok := strings.CutPrefix(line, "CapBnd:"); ok {
			bits, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
			return err == nil && bits&(1<<capability) != 0
		}
	}
	return true
}

// UnmountAll takes away the mounts at and below folders.
func UnmountAll(folders ...string) error {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	for _, point := range mountPoints(string(table), folders...) {
		if err := unix.Unmount(point, detach); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("unmount %s: %w", point, err)
		}
	}
	return nil
}

// mountPoints finds those at and below folders in the text of
// /proc/self/mountinfo, deepest first, one as often as it is mounted on.
func mountPoints(table string, folders ...string) []string {
	var points []string
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		point := unescape(fields[4]) // proc(5): the fifth field is the mount point
		if slices.ContainsFunc(folders, func(folder string) bool { return strings.HasPrefix(point+"/", folder+"/") }) {
			points = append(points, point)
		}
	}
	slices.Sort(points)
	slices.Reverse(points)
	return points
}

// unescape reads a field of mountinfo, where white space and backslashes are
// written as three octal digits.
func unescape(field string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(field)
}
