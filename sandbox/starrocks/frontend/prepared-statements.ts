import type { PacketStream } from '../mysql/connection.ts';
import { columnPacket, endPacket } from '../mysql/packets.ts';
import { bindParameters, parameterOffsets, readParameters } from '../mysql/prepared.ts';
import { writeRows } from '../mysql/result.ts';
import { int, PacketReader } from '../mysql/wire.ts';
import { SqlError } from '../sql/errors.ts';
import type { FrontendContext } from './context.ts';
import { execute, parseFor } from './execute.ts';
import type { Session } from './session.ts';

/** COM_STMT_PREPARE and its kin for one connection: SELECT and nothing else. */
export type PreparedStatements = {
  prepare(fe: FrontendContext, stream: PacketStream, text: string): void;
  execute(fe: FrontendContext, line: { stream: PacketStream; session: Session }, body: Buffer): Promise<void>;
  close(body: Buffer): void;
};

type Prepared = { text: string; parameters: number; types: Buffer[] };

export function createPreparedStatements(): PreparedStatements {
  const statements = new Map<number, Prepared>();
  let lastId = 0;
  return {
    prepare(fe, stream, text) {
      const parameters = parameterOffsets(text).length;
      const placeholder = bindParameters(
        text,
        new Array(parameters).fill(Buffer.alloc(2)),
        new Array(parameters).fill('NULL'),
      );
      const parsed = parseFor(fe, placeholder);
      if (parsed.length !== 1 || parsed[0]?.statement.kind !== 'select') {
        throw new SqlError(1295, 'HY000', 'This command is not supported in the prepared statement protocol yet');
      }
      const id = ++lastId;
      statements.set(id, { text, parameters, types: [] });
      const columns = Array.from({ length: parameters }, () => columnPacket({ name: '?', type: 'VARCHAR' }));
      stream.write(
        Buffer.concat([int(0, 1), int(id, 4), int(0, 2), int(parameters, 2), int(0, 1), int(0, 2)]),
        ...columns,
        ...(parameters > 0 ? [endPacket(0)] : []),
      );
    },

    async execute(fe, { stream, session }, body) {
      const reader = new PacketReader(body);
      const id = reader.int(4);
      const prepared = statements.get(id);
      if (!prepared) throw new SqlError(1243, 'HY000', `Unknown prepared statement handler (${id}) given to EXECUTE`);
      const { types, literals } = readParameters(reader, prepared.parameters, prepared.types);
      prepared.types = types;
      const [parsed] = parseFor(fe, bindParameters(prepared.text, types, literals));
      const result = parsed && (await execute(fe, session, parsed));
      if (result?.kind === 'rows') writeRows(stream, result, { status: 0, binary: true });
    },

    close: (body) => {
      statements.delete(new PacketReader(body).int(4));
    },
  };
}
