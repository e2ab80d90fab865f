package host

import "golang.org/x/sys/unix"

// detach unmounts what is still in use, too.
const detach = unix.MNT_DETACH
