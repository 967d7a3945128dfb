/** What a site of a plan is granted. Sizes are mebibytes. */
export interface Plan {
  name: string;
  memoryMb: number;
  diskMb: number;
  backups: number;
  domains: number;
}
