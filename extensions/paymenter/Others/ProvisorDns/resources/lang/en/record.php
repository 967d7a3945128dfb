<?php

declare(strict_types=1);

return [
    'name' => 'Name',
    'type' => 'Type',
    'data' => 'Value',
    'ttl' => 'Seconds to keep (TTL)',
    'ttl_short' => 'TTL',
    'ttl_help' => 'Empty for the usual.',
    'name_help' => '@ or empty for the domain itself.',
    'priority' => 'Priority',
    'weight' => 'Weight',
    'port' => 'Port',
    'flags' => 'Flags',
    'tag' => 'What it allows',
    'data_A' => 'IPv4 address',
    'data_AAAA' => 'IPv6 address',
    'data_CNAME' => 'Target',
    'data_MX' => 'Mail server',
    'data_TXT' => 'Text',
    'data_SRV' => 'Target',
    'data_CAA' => 'Certificate authority',
    'data_NS' => 'Nameserver',
    'proxy_help' => 'PROXYSRV stands for the server that your sites are behind.',
    'save' => 'Save',
    'edit' => 'Edit',
    'delete' => 'Delete',
    'actions' => 'Actions',
    'managed' => 'Managed by the site of service :service',
];
