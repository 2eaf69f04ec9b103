// Scrolling over more rows than a browser can make an element high: small moves go row by row, long ones by proportion.

const highest = 8_000_000; // pixels; the smallest limit of current browsers is about 16 million

/** Keeps the place `top` (in pixels of all rows) that belongs to the scroller's position. */
export class VirtualScroll {
    constructor(scroller, spacer, rowHeight) {
        Object.assign(this, { scroller, spacer, rowHeight, top: 0, rows: 0, last: 0, view: 0 });
    }

    get whole() { return this.rows * this.rowHeight; }
    get most() { return Math.max(0, this.whole - this.view); }
    get scaled() { return this.whole > highest; }

    /** `reserved`: height of what stands above the rows within the scroller. */
    resize(rows, view, reserved) {
        this.rows = rows;
        this.view = Math.max(0, view);
        this.spacer.style.height = `${Math.min(this.whole, highest) + reserved}px`;
        this.top = Math.min(this.top, this.most);
    }

    /** After a scroll event. */
    moved() {
        const now = this.scroller.scrollTop;
        const passed = now - this.last;
        this.last = now;
        if (!this.scaled) { this.top = Math.min(now, this.most); return; }
        const range = this.scroller.scrollHeight - this.scroller.clientHeight;
        if (now <= 0) this.top = 0;
        else if (now >= range - 1) this.top = this.most;
        else if (Math.abs(passed) < this.view) this.top = Math.max(0, Math.min(this.most, this.top + passed));
        else this.top = now / range * this.most;
        clearTimeout(this.settling);
        this.settling = setTimeout(() => this.settle(), 200);
    }

    /** Goes to a place of the rows. */
    go(top) {
        this.top = Math.max(0, Math.min(this.most, top));
        this.settle();
    }

    /** Puts the scroll bar where it belongs, without moving the rows. */
    settle() {
        const range = this.scroller.scrollHeight - this.scroller.clientHeight;
        const wanted = this.scaled ? Math.round(this.most ? this.top / this.most * range : 0) : this.top;
        if (Math.abs(wanted - this.scroller.scrollTop) < 1) return;
        this.scroller.scrollTop = wanted;
        this.last = this.scroller.scrollTop;
    }
}
