<?php

declare(strict_types=1);

return [
    'creating' => 'Se instalează',
    'active' => 'Activ',
    'stopped' => 'Oprit',
    'suspended' => 'Suspendat',
    'failed' => 'Instalare eșuată',
    'deleting' => 'Se șterge',
    'deleted' => 'Șters',
];
