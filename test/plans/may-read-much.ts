/** Statements that may read much, and why. One that nobody asks any more, or that reads little, must go. */
export const mayReadMuch: { sql: RegExp; why: string }[] = [
  {
    sql: /^select distinct `audit`\.`chain` from `audit` left join `audit_chains`/,
    why: 'an operator has the whole trail verified: it is read as a whole',
  },
  {
    sql: /^select `panel_id`, `service_kind`, `service_id`, min\(`created_at`\) as `first_at` from `operations` group by/,
    why: 'the same: whether each service that ever had an operation has a chain',
  },
  {
    sql: /^select \* from `resources` where `kind` = \? and not `state` = \? order by `name`/,
    why: 'an operator has a sweep look: everything that is known is held against everything that is outside',
  },
  {
    sql: /^select \* from `sweep_sightings` where `kind` = \?$/,
    why: 'the same, of what earlier sweeps saw',
  },
  {
    sql: /^select count\(\*\) as `n` from \(select `id` from `services` where .* limit \?\) as `found`/,
    why: 'the overview counts the sites of a panel along an index, and stops at a hundred thousand of each state',
  },
  {
    sql: / where services\.kind = 'site' .* like \? escape /,
    why: 'a search goes through the sites of one panel until a page is full: no index has the middle of a text',
  },
  {
    sql: /^select `domain_names`\.`hostname`, `services`\.`service_id` from `services` inner join `domain_names`/,
    why: 'a zone is made seldom, and the end of a name has no index: it goes through the sites of one customer, or of a panel that names none',
  },
];
