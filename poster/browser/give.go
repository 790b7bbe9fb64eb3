package browser

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"

	"github.com/go-rod/rod/lib/proto"
)

// pieceSize is how much of a file, in bytes, goes to a browser elsewhere at once.
const pieceSize = 1 << 20

// give has a file input hold files. A browser elsewhere does not see our disk.
func (t *tab) give(ctx context.Context, input proto.RuntimeRemoteObjectID, files []string) error {
	page := t.page.Context(ctx)
	if t.proxy == nil {
		return cause(ctx, carryTo(page, input, files))
	}
	return cause(ctx, proto.DOMSetFileInputFiles{Files: files, ObjectID: input}.Call(page))
}

// giveHeld is give for the input that the engine found last.
func (t *tab) giveHeld(ctx context.Context, files []string) error {
	input, err := t.held(ctx)
	if err != nil {
		return err
	}
	return t.give(ctx, input, files)
}

// caller is where calls go that are for a page.
type caller interface {
	proto.Client
	GetContext() context.Context
	GetSessionID() proto.TargetSessionID
}

// carryTo has an input hold files that are made in the page, in the script world
// that the input is from. The input says that it has changed.
func carryTo(page caller, input proto.RuntimeRemoteObjectID, files []string) error {
	list, err := callOn(page, input, newList)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := carryOver(page, list, file); err != nil {
			return err
		}
	}
	_, err = callOn(page, input, fillInput, map[string]any{"objectId": list})
	return err
}

const (
	newList = `function() { return [] }`
	newFile = `function(name, type) { this.push({name, type, pieces: []}) }`
	addTo   = `function(piece) { this.at(-1).pieces.push(Uint8Array.from(atob(piece), c => c.charCodeAt(0))) }`

	fillInput = `function(files) {
		const all = new DataTransfer();
		for (const f of files) all.items.add(new File(f.pieces, f.name, {type: f.type}));
		this.files = all.files;
		this.dispatchEvent(new Event('input', {bubbles: true, composed: true}));
		this.dispatchEvent(new Event('change', {bubbles: true}));
	}`
)

// carryOver adds a file to the list of them in the page.
func carryOver(page caller, list proto.RuntimeRemoteObjectID, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	name := filepath.Base(path)
	_, err = callOn(page, list, newFile, textArgument(name), textArgument(mime.TypeByExtension(filepath.Ext(name))))
	piece := make([]byte, pieceSize)
	for err == nil {
		n, end := io.ReadFull(f, piece)
		if n > 0 {
			_, err = callOn(page, list, addTo, textArgument(base64.StdEncoding.EncodeToString(piece[:n])))
		}
		switch {
		case end == io.EOF || end == io.ErrUnexpectedEOF:
			return err
		case end != nil:
			return end
		}
	}
	return err
}

func textArgument(text string) map[string]any { return map[string]any{"value": text} }

// callOn calls a function on something in a page, and gives what it returns.
func callOn(page caller, this proto.RuntimeRemoteObjectID, function string, arguments ...map[string]any) (proto.RuntimeRemoteObjectID, error) {
	data, err := page.Call(page.GetContext(), string(page.GetSessionID()), "Runtime.callFunctionOn", map[string]any{
		"functionDeclaration": function, "objectId": this, "arguments": append([]map[string]any{}, arguments...), // null is no list
	})
	if err != nil {
		return "", err
	}
	var reply struct {
		Result    remote          `json:"result"`
		Exception json.RawMessage `json:"exceptionDetails"`
	}
	err = json.Unmarshal(data, &reply)
	if reply.Exception != nil {
		err = fmt.Errorf("the page does not take the files: %s", clean(string(reply.Exception)))
	}
	return reply.Result.ObjectID, err
}
