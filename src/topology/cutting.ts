/** One cut of a stream at a time; what is asked for meanwhile is one cut more, afterwards. */
export class Cutting {
  #isUnderWay = false;
  #again = false;

  /**
   * @param closesFiles whether there is a file to close: without one there is nothing that would be acknowledged and end the cut
   * @returns whether to cut now
   */
  ask(closesFiles: boolean): boolean {
    if (this.#isUnderWay) this.#again = true;
    else if (closesFiles) {
      this.#isUnderWay = true;
      return true;
    }
    return false;
  }

  /** No cut is uncommitted. @returns whether another was asked for */
  done(): boolean {
    const again = this.#isUnderWay && this.#again;
    this.#isUnderWay = false;
    this.#again = false;
    return again;
  }
}
