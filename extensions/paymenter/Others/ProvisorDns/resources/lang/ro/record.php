<?php

declare(strict_types=1);

return [
    'name' => 'Nume',
    'type' => 'Tip',
    'data' => 'Valoare',
    'ttl' => 'Secunde de păstrare (TTL)',
    'ttl_short' => 'TTL',
    'ttl_help' => 'Gol pentru valoarea obișnuită.',
    'name_help' => '@ sau gol pentru domeniul însuși.',
    'priority' => 'Prioritate',
    'weight' => 'Pondere',
    'port' => 'Port',
    'flags' => 'Indicatori',
    'tag' => 'Ce permite',
    'data_A' => 'Adresă IPv4',
    'data_AAAA' => 'Adresă IPv6',
    'data_CNAME' => 'Destinație',
    'data_MX' => 'Server de e-mail',
    'data_TXT' => 'Text',
    'data_SRV' => 'Destinație',
    'data_CAA' => 'Autoritate de certificare',
    'data_NS' => 'Server de nume',
    'proxy_help' => 'PROXYSRV reprezintă serverul din fața site-urilor dumneavoastră.',
    'save' => 'Salvează',
    'edit' => 'Modifică',
    'delete' => 'Șterge',
    'actions' => 'Acțiuni',
    'managed' => 'Administrată de site-ul serviciului :service',
];
