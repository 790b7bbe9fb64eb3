// The darkroom: a method of a file input that develops the picture in it.
//
//   side     pixels that the longer side may have
//   turn     how to turn it to be upright, as Exif numbers it; 1: it is
//   bytes    that the file may have
//   quality  of the JPEG, from 0 to 1
//
// It gives the JPEG in base64.
async function({side, turn, bytes, quality}) {
	// AVIF files say themselves how they are turned; of the others nothing does any more.
	const source = await createImageBitmap(this.files[0], {imageOrientation: 'from-image'});

	const canvas = (w, h, settings) => {
		const pen = new OffscreenCanvas(w, h).getContext('2d', settings);
		pen.imageSmoothingQuality = 'high';
		return pen;
	};

	// Halves are made as long as one is larger than what is wanted: whatever
	// the browser makes of a larger step leaves pixels out.
	const halved = (image, width, height) => {
		let at = image, {width: w, height: h} = image;
		while (w > 2 * width || h > 2 * height) {
			[w, h] = [Math.max(width, Math.ceil(w / 2)), Math.max(height, Math.ceil(h / 2))];
			const pen = canvas(w, h);
			pen.drawImage(at, 0, 0, w, h);
			at = pen.canvas;
		}
		return at;
	};

	// Exif 2.3 §4.6.4 A: from 5 on the rows are columns.
	const printed = scale => {
		const w = Math.max(1, Math.round(source.width * scale)), h = Math.max(1, Math.round(source.height * scale));
		const pen = turn > 4 ? canvas(h, w, {alpha: false}) : canvas(w, h, {alpha: false});
		pen.fillStyle = 'white'; // for what can be seen through
		pen.fillRect(0, 0, pen.canvas.width, pen.canvas.height);
		pen.transform(...[
			[1, 0, 0, 1, 0, 0], [-1, 0, 0, 1, w, 0], [-1, 0, 0, -1, w, h], [1, 0, 0, -1, 0, h],
			[0, 1, 1, 0, 0, 0], [0, 1, -1, 0, h, 0], [0, -1, -1, 0, h, w], [0, -1, 1, 0, 0, w],
		][turn - 1]);
		pen.drawImage(halved(source, w, h), 0, 0, w, h);
		return pen.canvas;
	};

	const base64 = blob => new Promise(done => {
		const r = new FileReader();
		r.onload = () => done(r.result.slice(r.result.indexOf(',') + 1));
		r.readAsDataURL(blob);
	});

	// Too large a file is first made of less quality, then smaller.
	for (let scale = Math.min(1, side / Math.max(source.width, source.height)); ; scale *= 0.8) {
		const print = printed(scale);
		for (const q of [quality, quality - 0.1, quality - 0.2]) {
			const blob = await print.convertToBlob({type: 'image/jpeg', quality: q});
			if (blob.size > bytes) continue;
			source.close(); // some 50 MB, which nobody else would free soon
			return await base64(blob);
		}
	}
}
