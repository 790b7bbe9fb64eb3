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

	// Halves are made as long as one is larger than what is wanted: whatever
	// the browser makes of a larger step leaves pixels out.
	const shrunk = scale => {
		let at = source, w = source.width, h = source.height;
		const width = Math.max(1, Math.round(w * scale)), height = Math.max(1, Math.round(h * scale));
		while (w > width || h > height) {
			[w, h] = [Math.max(width, Math.ceil(w / 2)), Math.max(height, Math.ceil(h / 2))];
			at = drawn(at, w, h);
		}
		return at;
	};
	const drawn = (image, w, h) => {
		const canvas = new OffscreenCanvas(w, h), pen = canvas.getContext('2d');
		pen.imageSmoothingQuality = 'high';
		pen.drawImage(image, 0, 0, w, h);
		return canvas;
	};

	// Exif 2.3 §4.6.4 A: from 5 on the rows are columns.
	const upright = image => {
		const {width: w, height: h} = image, sideways = turn > 4;
		const canvas = new OffscreenCanvas(sideways ? h : w, sideways ? w : h);
		const pen = canvas.getContext('2d', {alpha: false});
		pen.fillStyle = 'white'; // for what can be seen through
		pen.fillRect(0, 0, canvas.width, canvas.height);
		pen.transform(...[
			[1, 0, 0, 1, 0, 0], [-1, 0, 0, 1, w, 0], [-1, 0, 0, -1, w, h], [1, 0, 0, -1, 0, h],
			[0, 1, 1, 0, 0, 0], [0, 1, -1, 0, h, 0], [0, -1, -1, 0, h, w], [0, -1, 1, 0, 0, w],
		][turn - 1]);
		pen.drawImage(image, 0, 0);
		return canvas;
	};

	const base64 = blob => new Promise(done => {
		const r = new FileReader();
		r.onload = () => done(r.result.slice(r.result.indexOf(',') + 1));
		r.readAsDataURL(blob);
	});

	// Too large a file is first made of less quality, then smaller.
	for (let scale = Math.min(1, side / Math.max(source.width, source.height)); ; scale *= 0.8) {
		const print = upright(shrunk(scale));
		for (const q of [quality, quality - 0.1, quality - 0.2]) {
			const blob = await print.convertToBlob({type: 'image/jpeg', quality: q});
			if (blob.size > bytes) continue;
			source.close(); // some 50 MB, which nobody else would free soon
			return await base64(blob);
		}
	}
}
