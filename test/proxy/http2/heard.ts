/** What one side of an exchange hears of it, a word for each. */

export class Heard {
  readonly heard: string[] = [];

  onData(chunk: Buffer, end: boolean): void {
    this.heard.push(`data ${chunk.length}${end ? ' end' : ''}`);
  }

  onTrailers(): void {
    this.heard.push('trailers');
  }

  onReset(reason: string): void {
    this.heard.push(reason);
  }

  onWritable(): void {
    this.heard.push('writable');
  }
}
