package mount

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// dying says whether a thread has been killed and only waits for an operation to
// end, which it does without a word: then the operation has to be given up.
func dying(thread uint32) bool {
	if thread == 0 { // the kernel, or a process that cannot be seen from here
		return false
	}
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", thread))
	if err != nil {
		return os.IsNotExist(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, text, _ := strings.Cut(lines.Text(), ":")
		if name != "SigPnd" && name != "ShdPnd" {
			continue
		}
		set, err := strconv.ParseUint(strings.TrimSpace(text), 16, 64)
		if err == nil && set&(1<<(syscall.SIGKILL-1)) != 0 {
			return true
		}
	}
	return false
}
