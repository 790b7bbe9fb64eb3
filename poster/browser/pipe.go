package browser

import (
	"bufio"
	"errors"
	"io"
	"os"
)

// maxMessage bounds one message of the browser: a screenshot has 300 kB, a
// page's text far less.
const maxMessage = 32 << 20

var errMessage = errors.New("the browser sent a message that is too large")

// pipe carries DevTools messages, each ended by a NUL, over the two pipes of
// --remote-debugging-pipe. Nobody else on the host can reach them, and the
// browser ends by itself when they close.
type pipe struct {
	to   *os.File
	from *os.File
	in   *bufio.Reader
}

func newPipe(to, from *os.File) *pipe {
	return &pipe{to: to, from: from, in: bufio.NewReaderSize(from, 64<<10)}
}

// Send writes one message. It is called by several goroutines: one write call
// of an os.File is never mixed with another.
func (p *pipe) Send(data []byte) error {
	_, err := p.to.Write(append(data, 0))
	return err
}

// Read gives the next message.
func (p *pipe) Read() ([]byte, error) {
	var message []byte
	for {
		piece, err := p.in.ReadSlice(0)
		message = append(message, piece...)
		switch {
		case err == nil:
			return message[:len(message)-1], nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, io.EOF
		case len(message) > maxMessage:
			return nil, errMessage
		}
	}
}

func (p *pipe) Close() error { return errors.Join(p.to.Close(), p.from.Close()) }
