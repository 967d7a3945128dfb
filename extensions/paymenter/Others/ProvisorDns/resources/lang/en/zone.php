<?php

declare(strict_types=1);

return [
    'nameservers' => 'Nameservers:',
    'managed' => 'These names belong to your sites and change with them.',
    'add' => 'Add record',
    'edit' => 'Edit record',
    'export' => 'Export',
    'import' => 'Import',
    'delete' => 'Delete domain',
    'records' => 'Records',
    'no_records' => 'No record yet.',
    'unverified' => 'The nameservers do not answer right now. This is what was asked for.',
    'begun' => 'It is being published.',
    'done' => 'Published.',
    'imported' => 'The zone file was taken in.',
    'deleted' => 'The domain is being deleted.',
    'whole_number' => 'Enter a whole number.',
    'ask_record' => 'Delete this record?',
    'ask_zone' => 'Delete :zone with all its records?',
    'ask_zone_help' => 'Websites and mail under this domain stop working. This cannot be undone; export the records '
        . 'first if in doubt.',
    'type_it' => 'Type :zone to confirm',
    'typed_wrong' => 'That is not the name of the domain.',
    'file_wrong' => 'These lines cannot be taken. Nothing was changed.',
];
