package replica

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"bleepstore/reference/blob"
)

// The headers of an answer. Size and CRC are those of the whole blob, also
// where a part of it is sent.
const (
	headerSize  = "Bleepstore-Blob-Size"
	headerCRC   = "Bleepstore-Blob-Crc64nvme"
	headerError = "Bleepstore-Blob-Error"
)

// codes are the errors that keep their identity between nodes. A blob.ErrSync is
// not among them: it tells the process that meets it to end, and that is the
// other one.
var codes = []struct {
	err    error
	code   string
	status int
}{
	{blob.ErrNotFound, "not-found", http.StatusNotFound},
	{blob.ErrExists, "exists", http.StatusConflict},
	{blob.ErrSize, "size", http.StatusBadRequest},
	{blob.ErrID, "id", http.StatusBadRequest},
	{blob.ErrRange, "range", http.StatusRequestedRangeNotSatisfiable},
	{blob.ErrCorrupt, "corrupt", http.StatusServiceUnavailable},
	{blob.ErrFull, "full", http.StatusInsufficientStorage},
}

// refuse answers with err.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusServiceUnavailable
	for _, c := range codes {
		if errors.Is(err, c.err) {
			status = c.status
			w.Header().Set(headerError, c.code)
			break
		}
	}
	http.Error(w, err.Error(), status)
}

// maxMessage is how much of an error's text is read, in bytes.
const maxMessage = 2 << 10

// refusal returns the error that an answer tells.
func refusal(node string, resp *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxMessage))
	if len(text) > 0 && text[len(text)-1] == '\n' {
		text = text[:len(text)-1]
	}
	code := resp.Header.Get(headerError)
	for _, c := range codes {
		if c.code == code {
			return fmt.Errorf("%s: %w: %s", node, c.err, text)
		}
	}
	return fmt.Errorf("%s: %s: %s", node, resp.Status, text)
}

func setInfo(h http.Header, i blob.Info) {
	h.Set(headerSize, strconv.FormatInt(i.Size, 10))
	h.Set(headerCRC, strconv.FormatUint(i.CRC, 16))
}

func infoOf(node string, id blob.ID, h http.Header) (blob.Info, error) {
	size, err := strconv.ParseInt(h.Get(headerSize), 10, 64)
	crc, err2 := strconv.ParseUint(h.Get(headerCRC), 16, 64)
	if err != nil || err2 != nil || size < 0 {
		return blob.Info{}, fmt.Errorf("%s: malformed description of blob %s: size %q, sum %q", node, id, h.Get(headerSize), h.Get(headerCRC))
	}
	return blob.Info{ID: id, Size: size, CRC: crc}, nil
}
