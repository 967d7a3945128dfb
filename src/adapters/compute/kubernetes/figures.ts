/** What a plan's figures come to: pure arithmetic, in mebibytes and thousandths of a core. */
import type { V1ResourceRequirements } from '@kubernetes/client-node';

export const mebibytes = (figure: number): string => `${figure}Mi`;
export const millicores = (figure: number): string => `${figure}m`;

/** Of the pod that copies a site's data. */
export const jobFigures = { cpu: 250, memory: 256 };

interface Figures {
  memory: number;
  cpu: number;
  /** A quarter of the limit: sites are idle most of the time, and share the cores of a node. */
  cpuRequest: number;
}

export const figuresOf = (
  { memoryMb }: { memoryMb: number },
  { cpuPerGib }: { cpuPerGib: number },
): { total: Figures; web: Figures; database: Figures } => {
  const cpu = Math.max(40, Math.round((memoryMb / 1024) * cpuPerGib));
  const share = (part: number): Figures => ({
    memory: Math.floor(memoryMb * part),
    cpu: Math.floor(cpu * part),
    cpuRequest: Math.floor((cpu * part) / 4),
  });
  const database = share(0.4);
  const total = { memory: memoryMb, cpu, cpuRequest: Math.floor(cpu / 4) };
  const web = {
    memory: total.memory - database.memory,
    cpu: total.cpu - database.cpu,
    cpuRequest: total.cpuRequest - database.cpuRequest,
  };
  return { total, web, database };
};

/** Memory is granted whole: what was promised to one site is not lent to another. */
export const requirementsOf = ({ memory, cpu, cpuRequest }: Figures): V1ResourceRequirements => ({
  requests: { cpu: millicores(cpuRequest), memory: mebibytes(memory) },
  limits: { cpu: millicores(cpu), memory: mebibytes(memory) },
});
